-- Which ids are one user: those that are linked, directly or by way of others. Links count for all
-- time, so that what was read before need not be read again.
{%- set given = var('user_aliases') %}
{%- set alias_rows = read_aliases() %}
{%- set fields = {
    'session_id': 'VARCHAR', 'other_session_id': 'VARCHAR', 'aliased_at': 'VARCHAR',
} %}

with {{ 'recursive' if given }}

{% if given -%}
alias_rows as (
    {{ alias_rows }}
),

parsed as (
    select try(from_json(raw_event, {{ sql_text(tojson(fields)) }})) as alias
    from alias_rows
),

links as (
    select distinct
        {{ user_id('alias.session_id') }} as session_id,
        {{ user_id('alias.other_session_id') }} as other_session_id
    from parsed
    {%- set as_of = as_of_second() %}
    {%- if as_of is not none %}
    -- As if the build ran then.
    where {{ as_seconds(
        "coalesce(" ~ text_as_double('alias.aliased_at') ~ ", "
        ~ moment_as_epoch('alias.aliased_at') ~ ", 0)"
    ) }} < {{ as_of }}
    {%- endif %}
),

-- Each id is also its own neighbor.
neighbors as (
    select
        session_id as alias_id,
        other_session_id as neighbor_id
    from links
    where session_id is not null and other_session_id is not null
    union
    select
        other_session_id as alias_id,
        session_id as neighbor_id
    from links
    where session_id is not null and other_session_id is not null
    union
    select
        session_id as alias_id,
        session_id as neighbor_id
    from links
    where session_id is not null and other_session_id is not null
    union
    select
        other_session_id as alias_id,
        other_session_id as neighbor_id
    from links
    where session_id is not null and other_session_id is not null
),

-- The smallest id spreads from neighbor to neighbor. As many ids as may be one user take no more
-- steps than that.
spread as (
    select distinct
        alias_id,
        alias_id as smallest_id,
        0 as step
    from neighbors
    union all
    select
        neighbors.alias_id,
        min(spread.smallest_id) as smallest_id,
        spread.step + 1 as step
    from spread
    inner join neighbors on spread.alias_id = neighbors.neighbor_id
    where spread.step < {{ sql_number(var('max_aliases')) }}
    group by neighbors.alias_id, spread.step
),

labels as (
    select
        alias_id,
        smallest_id
    from spread
    where step = {{ sql_number(var('max_aliases')) }}
),

-- Where neighbors still differ, there are more ids than that.
unfinished as (
    select distinct labels.smallest_id
    from neighbors
    inner join labels on neighbors.alias_id = labels.alias_id
    inner join labels as others on neighbors.neighbor_id = others.alias_id
    where labels.smallest_id <> others.smallest_id
),

counted as (
    select
        labels.alias_id,
        labels.smallest_id,
        case
            when unfinished.smallest_id is null then count(*) over (partition by labels.smallest_id)
            else {{ sql_number(var('max_aliases')) }} + 1
        end as aliases,
        -- The id by which the user goes on: one that is not listed as the other id.
        min_by(
            labels.alias_id,
            concat(
                case when later.other_session_id is null then '0' else '1' end, labels.alias_id
            )
        ) over (partition by labels.smallest_id) as session_id
    from labels
    left join unfinished on labels.smallest_id = unfinished.smallest_id
    left join (
        select distinct other_session_id from links where session_id <> other_session_id
    ) as later on labels.alias_id = later.other_session_id
),

user_aliases as (
    select
        alias_id,
        case when is_merged then session_id else alias_id end as session_id,
        cast(aliases as bigint) as aliases,
        is_merged
    from (
        select
            *,
            aliases <= {{ sql_number(var('max_aliases')) }} as is_merged
        from counted
    ) as judged
    where aliases > 1
)
{%- else -%}
user_aliases as (
    select
        cast(null as {{ dbt.type_string() }}) as alias_id,
        cast(null as {{ dbt.type_string() }}) as session_id,
        cast(null as bigint) as aliases,
        cast(null as boolean) as is_merged
    where false
)
{%- endif %}

select * from user_aliases

{#- The columns of a ledger and their types. -#}
{%- set columns = {
    'push_id': 'varchar', 'campaign': 'varchar', 'strategy': 'varchar', 'session_id': 'varchar',
    'arm': 'varchar', 'stratum': 'integer', 'control_probability': 'double',
    'fund_probability': 'double', 'audience_rank': 'bigint', 'audience_share': 'double',
    'segment': 'varchar', 'starts_at': 'timestamp', 'window_days': 'double', 'build_id': 'varchar',
    'planned_users': 'bigint',
} -%}
{%- set fields = {'audience_percentile': 'VARCHAR'} -%}
{%- for column in columns -%}{%- do fields.update({column: 'VARCHAR'}) -%}{%- endfor -%}
{{ config(post_hook='{{ insert_unreadable_lines() }}') }}
{%- set has_ledgers = var('assignments_path') if execute -%}
{%- set campaigns = ref('campaigns') -%}

with

-- Without ledgers no seed is needed, so that `dbt run` trains networks in a new warehouse.
known_campaigns as (
    {%- if has_ledgers %}
    select campaign from {{ campaigns }}
    {%- else %}
    select cast(null as varchar) as campaign
    where false
    {%- endif %}
),

-- Read like event files: one row per record, as JSON.
ledger_rows as (
    {{ read_ledgers() }}
),

-- A missing column is null.
parsed as (
    select
        raw_event,
        source_file,
        try(from_json(raw_event, {{ sql_text(tojson(fields)) }})) as row_fields
    from ledger_rows
),

texts as (
    select
        {%- for column in columns %}
        {{ blank_as_null('parsed.row_fields.' ~ column) }} as {{ column }},
        {%- endfor %}
        parsed.row_fields.audience_percentile,
        parsed.row_fields is not null as is_row,
        parsed.raw_event,
        parsed.source_file
    from parsed
),

typed as (
    select
        {%- for column, type in columns.items() if column not in ('session_id', 'audience_share') %}
        try_cast({{ column }} as {{ type | replace('timestamp', 'timestamptz') }})
        {{- " at time zone 'UTC'" if type == 'timestamp' }} as {{ column }},
        {%- endfor %}
        {{ user_id('session_id') }} as session_id,
        -- Ledgers of earlier versions call it otherwise.
        try_cast(coalesce(audience_share, audience_percentile) as double) as audience_share,
        fund_probability is not null as has_fund_probability,
        is_row,
        raw_event,
        source_file
    from texts
),

checked as (
    select
        *,
        case
            when not is_row then 'malformed JSON'
            when push_id is null then 'missing push_id'
            when session_id is null then 'missing session_id'
            when
                campaign is null
                or campaign not in (select known.campaign from known_campaigns as known)
                then 'unknown campaign'
            when arm is null or arm not in ('notify', 'control') then 'unknown arm'
            when starts_at is null then 'missing starts_at'
            when not coalesce(window_days > 0 and window_days <= 3650, false)
                then 'implausible window_days'
            when not coalesce(control_probability > 0 and control_probability < 1, false)
                then 'implausible control_probability'
            when has_fund_probability and not coalesce(fund_probability between 0 and 1, false)
                then 'implausible fund_probability'
        end as own_error
    from typed
    {%- set as_of = as_of_second() %}
    {%- if as_of is not none %}
    -- As if the build ran then: pushes that start later do not count.
    where starts_at is null or epoch(starts_at) < {{ as_of }}
    {%- endif %}
),

-- Ids that have turned out to be one user since.
aliased as (
    select
        checked.*,
        coalesce(aliases.session_id, checked.session_id) as user_id
    from checked
    left join {{ ref('user_aliases') }} as aliases on checked.session_id = aliases.alias_id
),

-- A push has one campaign, strategy, start, window and size: those of most of its rows.
push_settings as (
    select
        push_id,
        campaign,
        strategy,
        starts_at,
        window_days,
        planned_users
    from checked
    where own_error is null
    group by push_id, campaign, strategy, starts_at, window_days, planned_users
    qualify row_number() over (
        partition by push_id
        order by
            count(*) desc, campaign asc, strategy asc, starts_at asc, window_days asc,
            planned_users asc
    ) = 1
),

compared as (
    select
        {%- for column in columns %}
        aliased.{{ column }},
        {%- endfor %}
        hash({{ for_each_column(columns, 'aliased.{column}') }}) as row_hash,
        aliased.user_id,
        aliased.raw_event,
        aliased.source_file,
        case
            when aliased.own_error is not null then aliased.own_error
            when
                aliased.campaign <> push_settings.campaign
                or aliased.starts_at <> push_settings.starts_at
                or aliased.window_days <> push_settings.window_days
                or coalesce(aliased.strategy, '') <> coalesce(push_settings.strategy, '')
                or coalesce(aliased.planned_users, 0) <> coalesce(push_settings.planned_users, 0)
                then 'differs from its push'
        end as row_error
    from aliased
    left join push_settings on aliased.push_id = push_settings.push_id
),

counted as (
    select
        *,
        min(row_hash) over same_user <> max(row_hash) over same_user as is_contradicted,
        row_number() over (
            partition by push_id, session_id, row_error
            order by source_file
        ) as duplicate_number,
        min(arm) over one_user <> max(arm) over one_user as is_in_both_arms,
        row_number() over (
            partition by push_id, user_id, row_error
            order by audience_rank, session_id, source_file
        ) as user_row_number
    from compared
    window
        same_user as (partition by push_id, session_id, row_error),
        one_user as (partition by push_id, user_id, row_error)
),

validated as (
    select
        *,
        case
            when row_error is not null then row_error
            when is_contradicted then 'assigned twice'
            when duplicate_number > 1 then 'duplicate assignment'
            when is_in_both_arms then 'one user in both arms'
            when user_row_number > 1 then 'one user under several ids'
        end as validation_error
    from counted
),

validated_assignments as (
    select
        {%- for column in columns %}
        {{ 'user_id as session_id' if column == 'session_id' else column }},
        {%- endfor %}
        source_file,
        validation_error,
        case when validation_error is not null then raw_event end as raw_event
    from validated
)

select * from validated_assignments

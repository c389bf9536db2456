{#- Below this share, a column is as good as unknown; values are given that nobody understands. -#}
{%- set fewest_known = 0.05 -%}
{#- With fewer users, a column may well have as many values as a tenth of them. -#}
{%- set fewest_users = 500 -%}
{#- What is rarer tells nothing of what a source does. -#}
{%- set fewest_events = 100 -%}
{%- set worth_a_warning = 0.05 -%}
{%- set learned_from = [] -%}
{%- for column in user_attributes() -%}
{%- do learned_from.append(column | replace('_cleaned', '')) -%}
{%- endfor -%}
-- Columns whose values are not what they seem: unknown, too many to learn from, spelled in several
-- ways, or new all at once.
with

events as (
    select * from {{ ref('events') }}
),

counted as (
    {% for column in ['category'] + learned_from %}
    select
        '{{ column }}' as column_name,
        {{ column }} as column_value,
        count(*) as events,
        min(client_time) as first_time,
        max(client_time) as last_time
    from events
    where {{ column }} is not null
    group by {{ column }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

span as (
    select
        count(*) as events,
        min(client_time) as first_time,
        max(client_time) as last_time
    from events
),

per_column as (
    select
        column_name,
        cast(sum(events) as bigint) as given_events,
        cast(sum(events) filter (
            where column_name <> 'gender' or column_value in ('F', 'M')
        ) as bigint) as known_events,
        cast(sum(events) filter (
            where column_name = 'age' and regexp_full_match(column_value, '[0-9]{1,3}')
        ) as bigint) as numbers_of_years,
        count(*) as different_values,
        min(column_value) as a_value
    from counted
    group by column_name
),

numbers_of_users as (
    select count(*) as users
    from {{ ref('users') }}
),

values_to_see as (
    select
        column_name,
        string_agg(
            shown, ', '
            order by events desc, shown asc
        ) as some_values
    from (
        select
            column_name,
            events,
            concat('''', column_value, ''' (', format('{:,}', events), ')') as shown
        from counted
        where column_name <> 'gender' or column_value not in ('F', 'M')
        qualify row_number() over (
            partition by column_name
            order by events desc, column_value asc
        ) <= 5
    ) as frequent
    group by column_name
),

unknown as (
    select
        per_column.column_name,
        concat(
            'of ', format('{:,}', span.events), ' events, only ',
            format('{:,}', coalesce(per_column.known_events, 0)),
            ' have a value that is known. Others are ', values_to_see.some_values,
            '. Say in seeds/value_mappings.csv what they mean.'
        ) as finding
    from per_column
    cross join span
    inner join values_to_see on per_column.column_name = values_to_see.column_name
    where
        per_column.column_name = 'gender'
        and per_column.given_events > {{ fewest_known }} * span.events
        and coalesce(per_column.known_events, 0) < {{ fewest_known }} * span.events
),

-- A key that no record has, in event_fields.
never_given as (
    select
        named.column_name,
        concat(
            'no event has a value, although event_fields says where it is: ', named.given_keys,
            '. Check the spelling.'
        ) as finding
    from (
        {%- set named = [] -%}
        {%- for field in event_fields() if names_given(field) -%}
            {%- do named.append([field, names_given(field) | join(', ')]) -%}
        {%- endfor %}
        {%- for field, keys in named %}
        select
            {{ sql_text(field) }} as column_name,
            {{ sql_text(keys) }} as given_keys,
            (select count({{ field }}) from events) as given_events
        {{ "union all" }}
        {%- endfor %}
        select
            '' as column_name,
            '' as given_keys,
            1 as given_events
    ) as named
    where
        named.given_events = 0
        and (select span.events from span) > 0
),

too_many as (
    select
        per_column.column_name,
        concat(
            format('{:,}', per_column.different_values), ' different values for ',
            format('{:,}', numbers_of_users.users), ' users, such as ', values_to_see.some_values,
            ', are too many to learn from. Group them in a staging model (ages with the macro ',
            'age_group) or in seeds/value_mappings.csv, or set excluded_attributes.'
        ) as finding
    from per_column
    cross join numbers_of_users
    inner join values_to_see on per_column.column_name = values_to_see.column_name
    where
        per_column.column_name <> 'category'
        and numbers_of_users.users >= {{ fewest_users }}
        and per_column.different_values > numbers_of_users.users / 10
),

ages_in_years as (
    select
        column_name,
        concat(
            'most values are years, such as ', a_value,
            '. Networks and segments take each year for a group of its own: group them with the ',
            'macro age_group in a staging model.'
        ) as finding
    from per_column
    where numbers_of_years > given_events / 2
),

spelled as (
    select
        *,
        regexp_replace(lower(column_value), '[^\p{L}\p{N}]', '', 'g') as letters
    from counted
),

spelled_alike as (
    select
        earlier.column_name,
        later.column_value,
        concat(
            '''', earlier.column_value, ''' and ''', later.column_value,
            ''' differ only in case or punctuation, and count as two. If they are one, add to ',
            'seeds/value_mappings.csv: ', earlier.column_name, ',', later.column_value, ',',
            earlier.column_value
        ) as finding
    from spelled as earlier
    inner join spelled as later
        on
            earlier.column_name = later.column_name
            and earlier.letters = later.letters
            and earlier.letters <> ''
            and (earlier.first_time, earlier.column_value) < (later.first_time, later.column_value)
),

campaign_categories as (
    select distinct category
    from {{ loaded_seed('campaigns') }}
),

-- What begins on the day on which a category of a campaign stops, and is spelled nearly like it.
renamed as (
    select
        earlier.column_name,
        later.column_value,
        concat(
            '''', earlier.column_value, ''', a category of a campaign, ends on ',
            cast(make_timestamp(earlier.last_time * 1000000) as date), ', and ''',
            later.column_value,
            ''' begins on ', cast(make_timestamp(later.first_time * 1000000) as date),
            '. If they are one, add to seeds/value_mappings.csv: category,', later.column_value,
            ',', earlier.column_value
        ) as finding
    from spelled as earlier
    inner join campaign_categories on earlier.column_value = campaign_categories.category
    inner join spelled as later
        on
            earlier.column_name = later.column_name
            and earlier.last_time - 86400 < later.first_time
            and earlier.letters <> later.letters
    where
        earlier.column_name = 'category'
        and (
            starts_with(later.letters, earlier.letters)
            or starts_with(earlier.letters, later.letters)
            or jaro_winkler_similarity(earlier.letters, later.letters) > 0.9
        )
),

appeared as (
    select
        counted.column_name,
        counted.column_value,
        counted.events,
        counted.first_time
    from counted
    cross join span
    where
        counted.first_time > (span.first_time + span.last_time) / 2
        and counted.events >= {{ fewest_events }}
),

events_since as (
    select
        appeared.column_name,
        appeared.column_value,
        count(*) as events
    from appeared
    inner join events on appeared.first_time <= events.client_time
    group by appeared.column_name, appeared.column_value
),

late as (
    select
        appeared.column_name,
        appeared.column_value,
        concat(
            '''', appeared.column_value, ''' begins on ',
            cast(make_timestamp(appeared.first_time * 1000000) as date), ' and is in ',
            format('{:.0f}%', 100.0 * appeared.events / events_since.events),
            ' of the events since then. If it is another name of a value that was there before, ',
            'say so in seeds/value_mappings.csv.'
        ) as finding
    from appeared
    inner join events_since
        on
            appeared.column_name = events_since.column_name
            and appeared.column_value = events_since.column_value
    where
        appeared.events > {{ worth_a_warning }} * events_since.events
        and (appeared.column_name, appeared.column_value) not in (
            select (alike.column_name, alike.column_value) from spelled_alike as alike
            union all
            select (renamed.column_name, renamed.column_value) from renamed
        )
),

found as (
    select
        column_name,
        finding
    from unknown
    union all
    select
        column_name,
        finding
    from never_given
    union all
    select
        column_name,
        finding
    from too_many
    union all
    select
        column_name,
        finding
    from ages_in_years
    union all
    select
        column_name,
        finding
    from spelled_alike
    union all
    select
        column_name,
        finding
    from renamed
    union all
    select
        column_name,
        finding
    from late
),

column_findings as (
    select
        column_name,
        concat(column_name, ': ', finding) as message
    from found
)

select * from column_findings

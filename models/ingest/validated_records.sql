-- The records of new files are added, and those of changed ones replaced.
{{
    config(
        incremental_strategy='append' if target.type == 'duckdb' else 'insert_overwrite',
        partition_by=['file_state'] if target.type == 'spark' else none,
        full_refresh=true if target.type == 'spark' and not var('replace_days') else none,
        pre_hook='{{ delete_stale_records() }}',
        post_hook='{{ insert_unreadable_lines(join_files()) }}'
    )
}}

with

parsed_records as (
    select * from {{ ref('parsed_records') }}
),

typed as (
    select
        *,
        coalesce(
            {{ text_as_double('client_time') }}, {{ moment_as_epoch('client_time') }}
        ) as moment,
        nullif({{ text_as_double('amount') }}, cast('nan' as double)) as dollars,
        nullif({{ text_as_double('latitude') }}, cast('nan' as double)) as degrees_north,
        nullif({{ text_as_double('longitude') }}, cast('nan' as double)) as degrees_east,
        {{ push_kind('event_name') }} as push_kind,
        client_time is not null as has_client_time,
        -- NaN is how many tools write a number that is missing.
        lower(amount) <> 'nan' as has_amount,
        lower(latitude) <> 'nan' as has_latitude,
        lower(longitude) <> 'nan' as has_longitude
    from parsed_records
),

timed as (
    select
        *,
        -- A number says by its size what it counts: 1e9 are seconds in 2001, and so on.
        case
            when moment < {{ as_second(var('latest_client_time')) }} then moment
            when moment < {{ as_second(var('latest_client_time')) }} * 1e3 then moment / 1e3
            when moment < {{ as_second(var('latest_client_time')) }} * 1e6 then moment / 1e6
            else moment / 1e9
        end as seconds
    from typed
),

validated as (
    select
        {{ event_fields() | reject('in', numeric_fields()) | join(', ') }},
        -- The range comes first: casting a number that no integer can hold would fail.
        case
            when
                seconds >= {{ as_second(var('earliest_client_time')) }}
                and seconds < {{ as_second(var('latest_client_time')) }}
                then cast(floor(seconds) as bigint)
        end as client_time,
        dollars as amount,
        -- Zero, zero is where devices are that do not know where they are.
        case when degrees_north <> 0 or degrees_east <> 0 then degrees_north end as latitude,
        case when degrees_north <> 0 or degrees_east <> 0 then degrees_east end as longitude,
        -- Tells apart what agrees in all fields.
        case
            when source_event_id is not null or seconds <> floor(seconds)
                then concat_ws(
                    ' ',
                    source_event_id,
                    cast(
                        cast(round((seconds - floor(seconds)) * 1000000) as int)
                        as {{ dbt.type_string() }}
                    )
                )
        end as event_key,
        has_unread_location,
        push_kind,
        raw_event,
        source_file,
        case
            when
                bit_length(raw_event) > 8 * {{ sql_number(var('max_record_bytes')) }}
                then 'record too long'
            when not is_json then 'malformed JSON'
            when not is_object then 'not an object'
            when session_id is null then 'missing session_id'
            -- Thousands of unknown users would be one user, who does everything.
            when
                lower(session_id) in ({{ missing_words() }}, 'anonymous', 'unknown')
                or replace(replace(session_id, '0', ''), '-', '') = ''
                then 'placeholder session_id'
            -- Line ends, and what makes an id look like another one by turning its direction.
            when
                {{ sql_function('regexp_matches') }}(
                    session_id,
                    {{ sql_text(
                        '[\\p{Cc}\\p{Zl}\\p{Zp}\\x{61c}\\x{200e}\\x{200f}'
                        ~ '\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]'
                    ) }}
                )
                then 'control character in session_id'
            -- Whoever wants no more pushes gets none, whatever else the record says.
            when push_kind = 'opted_out' then 'push event'
            when category is null and push_kind is null then 'missing category'
            when
                event_name is null
                or (
                    event_name not in (
                        {{ sql_text(var('view_event')) }}, {{ sql_text(var('fund_event')) }}
                    )
                    and push_kind is null
                )
                then 'unknown event_name'
            when not has_client_time then 'missing client_time'
            when
                seconds is null
                or not (
                    seconds >= {{ as_second(var('earliest_client_time')) }}
                    and seconds < {{ as_second(var('latest_client_time')) }}
                )
                then 'implausible client_time'
            when push_kind = 'opted_in' then 'push event'
            when
                (has_latitude and not coalesce(degrees_north between -90 and 90, false))
                or (has_longitude and not coalesce(degrees_east between -180 and 180, false))
                then 'coordinates out of range'
            when dollars < 0 then 'negative amount'
            when
                has_amount and not coalesce(dollars < {{ sql_number(var('amount_limit')) }}, false)
                then 'implausible amount'
            -- Right, and not something that users did: see `push_events`.
            when push_kind is not null then 'push event'
        end as validation_error
    from timed
),

validated_records as (
    select
        {{ for_each_column(event_fields(), 'validated.{column}') }},
        validated.source_file,
        validated.validation_error,
        -- The text of an accepted record says nothing that its columns do not say.
        case
            when validated.validation_error = 'record too long'
                then left(validated.raw_event, 10000)
            when validated.validation_error is not null then validated.raw_event
        end as raw_event,
        case
            when validated.validation_error is null
                then {{ hash_of(event_fields() + ['event_key']) }}
        end as record_hash,
        validated.event_key,
        validated.validation_error is null and validated.has_unread_location as has_unread_location,
        validated.push_kind,
        {{ file_columns() }}
    from validated
    {{ join_files() }}
    -- As if the build ran then: a record of a later moment does not exist, good or bad. Whoever
    -- has opted out since then gets no push all the same.
    {%- set as_of = as_of_second() %}
    {%- if as_of is not none %}
    where client_time is null or client_time < {{ as_of }} or push_kind = 'opted_out'
    {%- endif %}
)

select * from validated_records

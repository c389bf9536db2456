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

mappings as (
    select
        column_name,
        lower({{ trimmed('from_value') }}) as from_value,
        -- The latest by alphabet, where the seed says two things of one value.
        max({{ trimmed('to_value') }}) as to_value
    from {{ loaded_seed('value_mappings') }}
    group by column_name, lower({{ trimmed('from_value') }})
),

typed as (
    select
        *,
        coalesce(
            {{ text_as_double('client_time') }}, {{ moment_as_epoch('client_time') }}
        ) as moment,
        nullif({{ amount_as_double('amount') }}, cast('nan' as double)) as dollars,
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
        {{ as_seconds('moment') }} as seconds,
        case event_name
            when {{ sql_text(var('view_event')) }} then false
            when {{ sql_text(var('fund_event')) }} then coalesce(dollars < 0, false)
            else coalesce(
                lower(event_name) = lower({{ sql_text(var('refund_event') | trim) }}), false
            )
        end as is_refund
    from typed
),

judged as (
    select
        *,
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
            when category is null and push_kind is null and not is_refund
                then 'missing category'
            when
                event_name is null
                or (
                    event_name not in (
                        {{ sql_text(var('view_event')) }}, {{ sql_text(var('fund_event')) }}
                    )
                    and push_kind is null
                    and not is_refund
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
            when has_amount and upper(currency) <> upper({{ sql_text(var('currency')) }})
                then 'other currency'
            when dollars < 0 and not is_refund then 'negative amount'
            when
                {{ sql_text(var('decimal_mark')) }} = '.'
                and has_amount
                and dollars is null
                and amount like '%,%'
                then 'comma in amount'
            when
                has_amount
                and not coalesce(abs(dollars) < {{ sql_number(var('amount_limit')) }}, false)
                then 'implausible amount'
            -- Right, and not something that users did: see `push_events` and `refunds`.
            when push_kind is not null then 'push event'
            when is_refund then 'refund'
        end as validation_error
    from timed
),

validated as (
    select
        {{ for_each_column(
            event_fields() | reject('in', numeric_fields()) | reject('in', mapped_fields()) | list,
            'judged.{column}'
        ) }},
        {%- for field in mapped_fields() %}
        case
            when {{ field }}_mappings.from_value is null then judged.{{ field }}
            else {{ field }}_mappings.to_value
        end as {{ field }},
        {%- endfor %}
        -- The range comes first: casting a number that no integer can hold would fail.
        case
            when
                judged.seconds >= {{ as_second(var('earliest_client_time')) }}
                and judged.seconds < {{ as_second(var('latest_client_time')) }}
                then cast(floor(judged.seconds) as bigint)
        end as client_time,
        judged.dollars as amount,
        -- Zero, zero is where devices are that do not know where they are.
        case
            when judged.degrees_north <> 0 or judged.degrees_east <> 0 then judged.degrees_north
        end as latitude,
        case
            when judged.degrees_north <> 0 or judged.degrees_east <> 0 then judged.degrees_east
        end as longitude,
        -- Tells apart what agrees in all fields.
        case
            when judged.source_event_id is not null or judged.seconds <> floor(judged.seconds)
                then concat_ws(
                    ' ',
                    judged.source_event_id,
                    cast(
                        cast(round((judged.seconds - floor(judged.seconds)) * 1000000) as int)
                        as {{ dbt.type_string() }}
                    )
                )
        end as event_key,
        judged.source_event_id,
        judged.refunded_event_id,
        judged.has_unread_location,
        judged.push_kind,
        judged.raw_event,
        judged.source_file,
        judged.validation_error,
        -- What is wrong with the record, where that is the value of a field.
        case judged.validation_error
            when 'placeholder session_id' then judged.session_id
            when 'unknown event_name' then judged.event_name
            when 'implausible client_time' then judged.client_time
            when 'coordinates out of range'
                then concat_ws(', ', judged.latitude, judged.longitude)
            when 'other currency' then judged.currency
            when 'negative amount' then judged.amount
            when 'comma in amount' then judged.amount
            when 'implausible amount' then judged.amount
        end as rejected_value
    from judged
    {{ for_each_column(
        mapped_fields(),
        "left join mappings as {column}_mappings
            on
                lower(judged.{column}) = {column}_mappings.from_value
                and {column}_mappings.column_name = '{column}'",
        separator=''
    ) }}
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
        validated.source_event_id,
        validated.refunded_event_id,
        validated.rejected_value,
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

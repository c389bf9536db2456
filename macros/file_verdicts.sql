{#-
    Per file, how many of its records were refused, the most frequent reason with an example, and what to do about it.
    A macro, because a test asks before any model is built on validated_records, and a model afterwards.
-#}
{%- macro file_verdicts() -%}
    select
        source_file,
        cast(sum(records) over (partition by source_file) as bigint) as records,
        cast(sum(case when reason is not null then records end) over (partition by source_file) as bigint)
            as invalid_records,
        reason,
        example,
        case reason
            when 'record too long' then 'Leave long texts out, or raise the variable max_record_bytes.'
            when 'malformed JSON' then 'Export one JSON object per line, as UTF-8 text.'
            when 'malformed CSV' then 'Export it again as UTF-8 text, with quotes around values.'
            when 'not an object' then 'Export one JSON object per event.'
            when 'placeholder session_id' then 'Export an identifier of the user or the device with each event.'
            when 'unknown event_name' then 'Give the names of the two events in view_event and fund_event.'
            when 'implausible client_time'
                then 'Give UNIX seconds or ISO 8601, or move earliest_client_time and latest_client_time.'
            when 'coordinates out of range' then 'Give degrees; latitude and longitude may be swapped.'
            when 'implausible amount' then 'Give US dollars as a number below amount_limit.'
            when 'negative amount' then 'Leave refunds out.'
            else 'Say where the field is, such as event_fields: {session_id: properties.user_id}.'
        end as remedy
    from (
        select
            source_file,
            validation_error as reason,
            count(*) as records,
            min(substring(raw_event, 1, 200)) as example
        from {{ ref('validated_records') }}
        group by source_file, validation_error
    ) as reasons
    qualify row_number() over (partition by source_file order by reason is null, records desc, reason) = 1
{%- endmacro -%}


{#- What a verdict says to who reads the end of a build. -#}
{%- macro verdict_message() -%}
    concat(
        source_file, ': ', invalid_records, ' of ', records, ' records refused, most with the reason ''', reason,
        ''', such as ', example, '. ', remedy
    )
{%- endmacro -%}

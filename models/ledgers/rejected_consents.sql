-- Records that look as if somebody opted out of pushes, or in again, and do not count.
with

rejected as (
    select
        source_file,
        validation_error as reason,
        event_name,
        raw_event
    from {{ ref('validated_records') }}
    where validation_error <> 'push event'
),

consents as (
    select
        source_file,
        reason,
        raw_event
    from rejected
    where
        contains(lower(raw_event), lower(trim({{ sql_text(var('push_opt_out_event')) }})))
        or contains(lower(raw_event), lower(trim({{ sql_text(var('push_opt_in_event')) }})))
        -- Another spelling of either.
        or regexp_matches(
            lower(event_name), '(^|[^a-z])(opt[^a-z]*(out|in)|unsubscribed?)([^a-z]|$)'
        )
),

counted as (
    select
        source_file,
        reason,
        count(*) as records,
        min(substring(raw_event, 1, 200)) as example
    from consents
    group by source_file, reason
),

rejected_consents as (
    select
        counted.source_file,
        counted.reason,
        counted.records,
        counted.example,
        rejection_reasons.remedy
    from counted
    left join {{ ref('rejection_reasons') }} as rejection_reasons
        on counted.reason = rejection_reasons.reason
)

select * from rejected_consents

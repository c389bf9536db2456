{#- A part of a file that is larger than this is worth a warning. -#}
{%- set worth_a_warning = 0.01 -%}
{%- set published = serving_copy_table('rejected_events') -%}
-- Files that are read, but without a part: all fundings, all views, a day, or what is rejected for
-- a reason that is new.
with

counts as (
    select
        *,
        -- Told elsewhere, or what somebody wants.
        coalesce(
            reason not in (
                'excluded user', 'after the end of the events', 'push event', 'refund'
            ),
            false
        ) as is_rejected
    from {{ ref('record_counts') }}
),

files as (
    select
        source_file,
        verdict,
        records
    from {{ ref('source_file_audit') }}
),

published_reasons as (
    {% if published %}
    select
        source_file,
        reason,
        count(*) as records
    from {{ published }}
    group by source_file, reason
    {% else %}
    select
        cast(null as varchar) as source_file,
        cast(null as varchar) as reason,
        cast(null as bigint) as records
    where false
    {% endif %}
),

-- What another file had in the published build is known by now.
known_reasons as (
    select
        published.source_file,
        published.reason
    from published_reasons as published
    inner join files on published.source_file = files.source_file
    where published.records > {{ worth_a_warning }} * files.records
),

parts as (
    select
        *,
        1 as priority,
        concat('with event_name ', event_name) as part
    from counts
    where
        event_name in (
            {{ sql_text(var('view_event')) }}, {{ sql_text(var('fund_event')) }}
        )
    union all
    select
        *,
        2 as priority,
        concat('of ', event_date) as part
    from counts
    where event_date is not null
    union all
    select
        *,
        3 as priority,
        reason as part
    from counts
    where is_rejected
),

summed as (
    select
        source_file,
        priority,
        part,
        sum(records) as records,
        coalesce(sum(records) filter (where is_rejected), 0) as rejected_records,
        arg_max(reason, records) filter (where is_rejected) as reason
    from parts
    group by source_file, priority, part
),

found as (
    select
        summed.source_file,
        summed.priority,
        summed.part,
        summed.reason,
        summed.rejected_records,
        files.records as file_records
    from summed
    inner join files on summed.source_file = files.source_file
    where
        summed.rejected_records = summed.records
        -- Of the others, warn_file_with_few_events tells.
        and (
            (summed.priority = 1 and files.verdict <> 'none accepted')
            or (
                summed.priority > 1
                and files.verdict = 'read'
                and summed.rejected_records > {{ worth_a_warning }} * files.records
            )
        )
        and not (
            summed.priority = 3
            and exists (
                select 1
                from known_reasons
                where
                    known_reasons.reason = summed.reason
                    and known_reasons.source_file <> summed.source_file
            )
        )
),

examples as (
    select
        source_file,
        reason,
        min(example) as example
    from counts
    where is_rejected
    group by source_file, reason
),

-- Each reason is told once per file, by the part that says most.
rejection_findings as (
    select
        found.source_file,
        case when found.priority < 3 then found.part end as part,
        found.reason,
        found.rejected_records,
        found.file_records,
        examples.example,
        rejection_reasons.remedy
    from found
    inner join examples
        on found.source_file = examples.source_file and found.reason = examples.reason
    left join {{ ref('rejection_reasons') }} as rejection_reasons
        on found.reason = rejection_reasons.reason
    qualify row_number() over (
        partition by found.source_file, found.reason
        order by found.priority asc, found.rejected_records desc, found.part asc
    ) = 1
)

select * from rejection_findings

{%- set ledgers = var('assignments_path') if execute -%}
with

events as (
    select * from {{ ref('events') }}
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
    where cutoff = 0
),

last_event as (
    select max(occurred_at) as last_event_at
    from events
),

build as (
    select
        {{ sql_text(invocation_id) }} as build_id,
        cast({{ sql_text(run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f')) }} as timestamp)
            as built_at,
        last_event.last_event_at,
        -- Events have whole seconds, so those before the next whole second are the same ones.
        {{ epoch_to_timestamp('cast(ceil(cutoffs.cutoff_at) as bigint)') }} as as_of,
        cast({{ sql_number(var('horizon_days')) }} as double) as horizon_days,
        {{ sql_text(config.meta_get('version')) }} as project_version,
        cast({{ sql_number(var('max_pushes')['count']) }} as bigint) as max_pushes,
        cast({{ sql_number(var('max_pushes')['days']) }} as double) as max_pushes_days,
        cast({{ sql_text(var('currency')) }} as varchar) as currency,
        cast({{ sql_text(var('business_time_zone')) }} as varchar) as business_time_zone,
        cast(
            {{- sql_list([ledgers] if ledgers is string else ledgers or []) }} as varchar[]
        ) as assignments_path
    from last_event
    left join cutoffs on true
)

select * from build

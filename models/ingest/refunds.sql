-- Which funding a refund cancels: the one whose event_id it names, else the latest of the user and
-- category with that amount, as brackets close: the last that is open.
with

excluded as (
    select session_id
    from {{ ref('user_exclusions') }}
    where scope = 'everything'
),

refund_records as (
    select
        {{ user_of('records', 'aliases') }} as session_id,
        records.category,
        records.client_time,
        abs(records.amount) as amount,
        records.source_event_id,
        records.refunded_event_id,
        records.event_key,
        min(records.source_file) as source_file,
        count(*) as records
    from {{ ref('validated_records') }} as records
    left join {{ ref('user_aliases') }} as aliases on records.session_id = aliases.alias_id
    where
        records.validation_error = 'refund'
        and {{ user_of('records', 'aliases') }} not in (
            select excluded.session_id from excluded
        )
    -- A refund that was sent twice is one.
    group by
        {{ user_of('records', 'aliases') }},
        records.category,
        records.client_time,
        abs(records.amount),
        records.source_event_id,
        records.refunded_event_id,
        records.event_key
),

refunds_numbered as (
    select
        *,
        row_number() over (
            order by
                client_time, session_id, category, amount, source_event_id, refunded_event_id,
                event_key
        ) as refund_number
    from refund_records
),

fundings as (
    select
        records.session_id,
        records.category,
        records.client_time,
        records.amount,
        records.source_event_id,
        records.record_hash
    from {{ ref('accepted_records') }} as records
    where
        records.event_name = {{ sql_text(var('fund_event')) }}
        and records.session_id in (select refunds.session_id from refunds_numbered as refunds)
),

named as (
    select
        refunds.refund_number,
        fundings.record_hash,
        row_number() over (
            partition by refunds.refund_number
            order by fundings.client_time, fundings.record_hash
        ) as funding_rank,
        row_number() over (
            partition by fundings.record_hash
            order by refunds.refund_number
        ) as refund_rank
    from refunds_numbered as refunds
    inner join fundings
        on
            refunds.session_id = fundings.session_id
            and coalesce(refunds.refunded_event_id, refunds.source_event_id)
            = fundings.source_event_id
),

cancelled_by_name as (
    select
        refund_number,
        record_hash
    from named
    where funding_rank = 1 and refund_rank = 1
),

-- Fundings open a bracket, refunds that name none of the fundings close one.
steps as (
    select
        session_id,
        category,
        amount,
        client_time,
        1 as opened,
        record_hash,
        cast(null as bigint) as refund_number
    from fundings
    where record_hash not in (select by_name.record_hash from cancelled_by_name as by_name)
    union all
    select
        session_id,
        category,
        amount,
        client_time,
        -1 as opened,
        null as record_hash,
        refund_number
    from refunds_numbered
    where refund_number not in (select named.refund_number from named)
),

ordered as (
    select
        *,
        row_number() over (
            partition by session_id, category, amount
            -- In the same second, the funding came first.
            order by client_time asc, opened desc, refund_number asc, record_hash asc
        ) as step_number
    from steps
    where amount is not null
),

depths as (
    select
        *,
        sum(opened) over so_far as open_fundings
    from ordered
    window so_far as (
        partition by session_id, category, amount
        order by step_number
    )
),

-- A refund without an open funding closes nothing.
levels as (
    select
        *,
        open_fundings - least(0, min(open_fundings) over so_far)
        + case when opened = -1 then 1 else 0 end as bracket_level
    from depths
    window so_far as (
        partition by session_id, category, amount
        order by step_number
    )
),

pairs as (
    select
        refund_number,
        opened,
        lag(record_hash) over (
            partition by session_id, category, amount, bracket_level
            order by step_number
        ) as record_hash
    from levels
),

cancelled as (
    select
        refund_number,
        record_hash
    from cancelled_by_name
    union all
    select
        refund_number,
        record_hash
    from pairs
    where opened = -1 and record_hash is not null
),

refunds as (
    select
        refunds.session_id,
        coalesce(fundings.category, refunds.category) as category,
        refunds.client_time,
        {{ epoch_to_timestamp('refunds.client_time') }} as occurred_at,
        coalesce(refunds.amount, fundings.amount) as amount,
        fundings.record_hash is not null as has_funding,
        fundings.client_time as funding_time,
        fundings.amount as funding_amount,
        cancelled.record_hash as refunded_hash,
        refunds.source_file,
        refunds.records
    from refunds_numbered as refunds
    left join cancelled on refunds.refund_number = cancelled.refund_number
    left join fundings on cancelled.record_hash = fundings.record_hash
)

select * from refunds

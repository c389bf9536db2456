-- Networks must not learn from what pushes caused: examples of notified users are left out where a
-- push may have changed the outcome, and users who were held back stand for them.
with

fund_cutoffs as (
    select * from {{ ref('fund_cutoffs') }}
    where split in ('train', 'calibration')
),

push_assignments as (
    select * from {{ ref('push_assignments') }}
),

exposures as (
    select
        fund_cutoffs.model_cutoff,
        fund_cutoffs.split,
        fund_cutoffs.step,
        fund_cutoffs.cutoff,
        push_assignments.session_id,
        bool_or(push_assignments.arm = 'notify') as is_notified,
        product(1 / push_assignments.control_probability order by push_assignments.push_id)
            as weight
    from fund_cutoffs
    inner join push_assignments
        on
            fund_cutoffs.outcome_until > epoch(push_assignments.starts_at)
            -- Who is asked about the second half depends on the first one too.
            and fund_cutoffs.cutoff_at
            < epoch(push_assignments.starts_at) + push_assignments.window_days * 86400
    group by
        fund_cutoffs.model_cutoff,
        fund_cutoffs.split,
        fund_cutoffs.step,
        fund_cutoffs.cutoff,
        push_assignments.session_id
),

fund_example_copies as (
    select
        model_cutoff,
        split,
        step,
        cutoff,
        session_id,
        -- Copies are whole: a weight of 3.3 makes 4 of them for three users of ten, by a hash that
        -- is not the one of the training sample.
        unnest(
            case
                when is_notified then [0]
                else
                    range(
                        1,
                        1 + cast(
                            floor(
                                weight + {{ position_by_hash("'copies of ' || session_id") }}
                            ) as bigint
                        )
                    )
            end
        ) as copy_number
    from exposures
)

select * from fund_example_copies

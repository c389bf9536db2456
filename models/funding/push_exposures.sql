-- What pushes caused must not be taken for what users do by themselves. Examples of notified users
-- stay, and say how much of their outcome a push could change: the network learns both, and scores
-- as if nobody was notified. Within an audience chance decided who was, so what it learns of pushes
-- is their effect.
with

fund_cutoffs as (
    select * from {{ ref('fund_cutoffs') }}
    where split in ('train', 'calibration')
),

push_assignments as (
    select
        push_id,
        campaign,
        session_id,
        epoch(starts_at) as starts_at,
        epoch(starts_at) + window_days * 86400 as ends_at
    from {{ ref('push_assignments') }}
    where arm = 'notify'
),

campaigns as (
    select * from {{ loaded_seed('campaigns') }}
),

push_exposures as (
    select
        fund_cutoffs.model_cutoff,
        fund_cutoffs.split,
        fund_cutoffs.step,
        fund_cutoffs.cutoff,
        push_assignments.session_id,
        campaigns.category,
        -- Who is asked about the second half of a horizon depends on the first one too.
        max(
            (
                least(fund_cutoffs.outcome_until, push_assignments.ends_at)
                - greatest(fund_cutoffs.cutoff_at, push_assignments.starts_at)
            )
            / (fund_cutoffs.outcome_until - fund_cutoffs.cutoff_at)
        ) as notified_share
    from fund_cutoffs
    inner join push_assignments
        on
            fund_cutoffs.outcome_until > push_assignments.starts_at
            and fund_cutoffs.cutoff_at < push_assignments.ends_at
    inner join campaigns on push_assignments.campaign = campaigns.campaign
    group by
        fund_cutoffs.model_cutoff,
        fund_cutoffs.split,
        fund_cutoffs.step,
        fund_cutoffs.cutoff,
        push_assignments.session_id,
        campaigns.category
)

select * from push_exposures

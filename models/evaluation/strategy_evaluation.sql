with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
),

strategy_intervals as (
    select * from {{ ref('strategy_intervals') }}
),

strategy_reliability as (
    select * from {{ ref('strategy_reliability') }}
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
    where cutoff = 2
),

-- Where users have equal scores, each takes the middle of the ranks that they share.
middle_ranks as (
    select
        *,
        rank() over (partition by strategy, campaign order by score)
        + (count(*) over (partition by strategy, campaign, score) - 1) / 2.0 as rank_from_below
    from holdout_scores
),

counts as (
    select
        strategy,
        campaign,
        count(*) as users,
        count(*) filter (where is_funded) as funders,
        sum(rank_from_below) filter (where is_funded) as funder_ranks,
        count(*) filter (where score_rank * 10 <= users) as users_in_10,
        count(*) filter (where is_funded and score_rank * 10 <= users) as funders_in_10,
        count(*) filter (where score_rank * 4 <= users) as users_in_25,
        count(*) filter (where is_funded and score_rank * 4 <= users) as funders_in_25,
        avg(
            cast(power(fund_probability - cast(is_funded as integer), 2) as decimal(18, 12))
        ) as brier
    from middle_ranks
    group by strategy, campaign
),

measures as (
    select
        strategy,
        campaign,
        users,
        funders,
        funders / cast(users as double) as base_rate,
        -- The chance that a funder is ranked above another user (Mann and Whitney, 1947).
        (funder_ranks - funders * (funders + 1) / 2.0)
        / nullif(funders * cast(users - funders as double), 0) as auc,
        funders_in_10 / nullif(cast(users_in_10 as double), 0)
        / nullif(funders / cast(users as double), 0) as lift_at_10,
        funders_in_25 / nullif(cast(users_in_25 as double), 0)
        / nullif(funders / cast(users as double), 0) as lift_at_25,
        brier
    from counts
),

calibration as (
    select
        strategy,
        campaign,
        sum(users * abs(predicted - observed) order by bin)
        / sum(users) as expected_calibration_error
    from strategy_reliability
    group by strategy, campaign
),

-- Not recommended: what may be no better than chance, and what uses an excluded attribute.
candidates as (
    select
        measures.strategy,
        measures.campaign,
        row_number() over (
            partition by measures.campaign
            order by measures.auc desc, measures.strategy asc
        ) as preference
    from measures
    inner join strategy_intervals as intervals
        on measures.strategy = intervals.strategy and measures.campaign = intervals.campaign
    where
        intervals.auc_low > 0.5
        and measures.strategy not in (
            'random',
            'fund_network_nothing_excluded'
            {%- if excluded_attributes() %},
            'notebook_look_alike' -- it knows every attribute
            {%- endif %}
        )
),

strategy_evaluation as (
    select
        measures.strategy,
        measures.campaign,
        {{ epoch_to_timestamp('cast(cutoffs.cutoff_at as bigint)') }} as cut_at,
        cast({{ var('horizon_days') }} as double) as horizon_days,
        measures.users,
        measures.funders,
        measures.base_rate,
        measures.auc,
        intervals.auc_low,
        intervals.auc_high,
        measures.lift_at_10,
        intervals.lift_at_10_low,
        intervals.lift_at_10_high,
        measures.lift_at_25,
        intervals.lift_at_25_low,
        intervals.lift_at_25_high,
        measures.brier,
        calibration.expected_calibration_error,
        coalesce(candidates.preference = 1, false) as is_recommended
    from measures
    cross join cutoffs
    inner join strategy_intervals as intervals
        on measures.strategy = intervals.strategy and measures.campaign = intervals.campaign
    left join calibration
        on measures.strategy = calibration.strategy and measures.campaign = calibration.campaign
    left join candidates
        on measures.strategy = candidates.strategy and measures.campaign = candidates.campaign
)

select * from strategy_evaluation

with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
),

strategies as (
    select * from {{ ref('strategies') }}
),

strategy_intervals as (
    select * from {{ ref('strategy_intervals') }}
),

strategy_gains as (
    select * from {{ ref('strategy_gains') }}
),

strategy_reliability as (
    select * from {{ ref('strategy_reliability') }}
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
    where cutoff = {{ holdout_cutoff() }}
),

counts as (
    select
        strategy,
        campaign,
        count(*) as users,
        count(*) filter (where is_funded) as funders,
        avg(
            cast(power(fund_probability - cast(is_funded as integer), 2) as decimal(18, 12))
        ) as brier,
        cast(sum(cast(fund_probability as decimal(18, 12))) as double) as expected_funders
    from holdout_scores
    group by strategy, campaign
),

measures as (
    select
        strategy,
        campaign,
        users,
        funders,
        funders / cast(users as double) as base_rate,
        brier,
        expected_funders / nullif(funders, 0) as expected_over_observed,
        -- Twice or half as many as expected, and by more than chance.
        coalesce(
            greatest(expected_funders, funders) > 2 * least(expected_funders, funders)
            and abs(expected_funders - funders) > 3 * sqrt(greatest(expected_funders, funders)),
            false
        ) as is_far_off
    from counts
),

-- With few users, none is within the first 10%.
lifts as (
    select
        strategy,
        campaign,
        max_by(lift, audience_percent) filter (where audience_percent <= 10) as lift_at_10,
        max_by(lift, audience_percent) filter (where audience_percent <= 25) as lift_at_25
    from strategy_gains
    group by strategy, campaign
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

measured as (
    select
        measures.*,
        lifts.lift_at_10,
        lifts.lift_at_25,
        intervals.* exclude (intervals.strategy, intervals.campaign),
        calibration.expected_calibration_error,
        aucs.auc,
        aucs.auc_low,
        aucs.auc_high,
        coalesce(aucs.is_better_than_chance, false) as is_better_than_chance,
        coalesce(aucs.is_worse_than_chance, false) as is_worse_than_chance
    from measures
    left join {{ ref('auc_intervals') }} as aucs
        on measures.strategy = aucs.strategy and measures.campaign = aucs.campaign
    inner join strategy_intervals as intervals
        on measures.strategy = intervals.strategy and measures.campaign = intervals.campaign
    inner join lifts
        on measures.strategy = lifts.strategy and measures.campaign = lifts.campaign
    left join calibration
        on measures.strategy = calibration.strategy and measures.campaign = calibration.campaign
),

-- What ranks nobody now cannot be recommended.
rankings as (
    select distinct
        strategy,
        campaign
    from {{ ref('strategy_rankings') }}
),

candidates as (
    select
        measured.*,
        measured.is_better_than_chance
        and not measured.is_far_off
        and coalesce(strategies.is_candidate, false)
        and rankings.strategy is not null
        {%- if excluded_attributes() %}
        -- The notebook's network knows every attribute.
        and measured.strategy <> 'notebook_look_alike'
        {%- endif %} as is_candidate
    from measured
    left join strategies on measured.strategy = strategies.strategy
    left join rankings
        on measured.strategy = rankings.strategy and measured.campaign = rankings.campaign
),

strategy_evaluation as (
    select
        candidates.strategy,
        candidates.campaign,
        {{ epoch_to_timestamp('cast(cutoffs.cutoff_at as bigint)') }} as cut_at,
        cast({{ sql_number(var('horizon_days')) }} as double) as horizon_days,
        candidates.users,
        candidates.funders,
        candidates.base_rate,
        candidates.auc,
        candidates.auc_low,
        candidates.auc_high,
        candidates.lift_at_10,
        candidates.lift_at_10_low,
        candidates.lift_at_10_high,
        candidates.lift_at_25,
        candidates.lift_at_25_low,
        candidates.lift_at_25_high,
        candidates.brier,
        candidates.expected_calibration_error,
        candidates.expected_over_observed,
        coverage.new_funders / cast(coverage.funders as double) as new_funder_share,
        candidates.is_better_than_chance,
        candidates.is_worse_than_chance,
        candidates.is_candidate
        and row_number() over (
            partition by candidates.campaign, candidates.is_candidate
            order by candidates.auc desc, candidates.strategy asc
        ) = 1 as is_recommended
    from candidates
    cross join cutoffs
    left join {{ ref('campaign_coverage') }} as coverage
        on candidates.campaign = coverage.campaign
)

select * from strategy_evaluation

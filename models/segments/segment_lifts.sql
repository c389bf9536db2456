with

segment_counts as (
    select
        *,
        observed_funders / usual_funders as ratio,
        power(usual_funders, 2) / variance as evidence,
        -- Half a funder less, since funders come in whole numbers.
        (observed_funders - 0.5 - usual_funders) / sqrt(variance) as deviation,
        third_moment / power(variance, 1.5) as skewness
    from {{ ref('segment_counts') }}
    -- With less variance, no number of funders would be surprising.
    where variance >= 5
),

-- How much the true lifts of segments of the same attributes differ: the spread of their ratios
-- beyond chance (DerSimonian and Laird, 1986; their common lift is 1 here).
spreads as (
    select
        cutoff,
        campaign,
        attributes,
        greatest(
            0,
            sum(
                evidence * power(ratio - 1, 2)
                order by {{ user_attributes() | sort | join(', ') }}
            ) - count(*)
        )
        / sum(evidence order by {{ user_attributes() | sort | join(', ') }}) as spread
    from segment_counts
    group by cutoff, campaign, attributes
),

-- Empirical Bayes: the less certain a ratio is, the more it is shrunk towards 1 (Efron and
-- Morris, 1975).
shrunk as (
    select
        counts.*,
        spreads.spread / (spreads.spread + 1 / counts.evidence) as weight,
        -- The normal distribution, corrected for skewness where that makes it less surprising
        -- (Hong, "On computing the distribution function for the Poisson binomial distribution",
        -- 2013).
        least(
            1,
            normal_cdf(-counts.deviation)
            + greatest(0, counts.skewness * (power(counts.deviation, 2) - 1))
            * exp(-power(counts.deviation, 2) / 2)
            / sqrt(2 * pi())
            / 6
        ) as p_value
    from segment_counts as counts
    inner join spreads
        on
            counts.cutoff = spreads.cutoff
            and counts.campaign = spreads.campaign
            and counts.attributes = spreads.attributes
),

-- All segments of all campaigns are one family of tests: without any signal, at most one build in
-- twenty recommends something.
ordered as (
    select
        *,
        row_number() over by_surprise as surprise_rank,
        count(*) over (partition by cutoff) as segments
    from shrunk
    window
        by_surprise as (
            partition by cutoff
            order by
                p_value asc,
                deviation desc,
                campaign asc,
                {{ for_each_column(user_attributes() | sort, '{column} asc') }}
        )
),

segment_lifts as (
    select
        cutoff,
        campaign,
        {{ user_attributes() | join(', ') }},
        attributes,
        users,
        observed_funders,
        usual_funders,
        expected_funders,
        expected_funders / random_funders as expected_lift,
        (expected_funders - {{ z_of_95_percent() }} * sqrt(expected_variance)) / random_funders
            as expected_lift_low,
        (expected_funders + {{ z_of_95_percent() }} * sqrt(expected_variance)) / random_funders
            as expected_lift_high,
        1 + weight * (ratio - 1) as lift,
        greatest(0, 1 + weight * (ratio - 1) - {{ z_of_95_percent() }} * sqrt(weight / evidence))
            as lift_low,
        1 + weight * (ratio - 1) + {{ z_of_95_percent() }} * sqrt(weight / evidence) as lift_high,
        p_value,
        -- The false discovery rate at which the segment counts (Benjamini and Hochberg, 1995).
        least(
            1,
            min(p_value * segments / surprise_rank) over (
                partition by cutoff
                order by surprise_rank desc
                rows between unbounded preceding and current row
            )
        ) as q_value,
        surprise_rank
    from ordered
)

select * from segment_lifts

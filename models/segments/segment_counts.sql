with

segment_members as (
    select * from {{ ref('segment_members') }}
),

counted as (
    select
        cutoff,
        campaign,
        {{ user_attributes() | join(', ') }},
        list_filter(
            [
                {{ for_each_column(
                    user_attributes(), "case when grouping({column}) = 0 then '{column}' end"
                ) }}
            ],
            lambda name: name is not null
        ) as attributes,
        count(*) as users,
        count(*) filter (where has_funded) as observed_funders,
        -- Summed as decimals: sums of floating numbers would depend on the order of the rows.
        sum(cast(usual_share as decimal(18, 12))) as usual_funders,
        sum(cast(usual_share * (1 - usual_share) as decimal(18, 12))) as variance,
        sum(
            cast(usual_share * (1 - usual_share) * (1 - 2 * usual_share) as decimal(18, 12))
        ) as third_moment,
        sum(cast(fund_probability as decimal(18, 12))) as expected_funders,
        sum(cast(fund_probability * (1 - fund_probability) as decimal(18, 12)))
            as expected_variance
    from segment_members
    group by
        cutoff,
        campaign,
        cube({{ user_attributes() | join(', ') }})
),

compared as (
    select
        *,
        users * max(expected_funders / users) filter (where len(attributes) = 0) over (
            partition by cutoff, campaign
        ) as random_funders
    from counted
),

segment_counts as (
    select
        cutoff,
        campaign,
        {{ user_attributes() | join(', ') }},
        array_to_string(attributes, ', ') as attributes,
        users,
        observed_funders,
        cast(usual_funders as double) as usual_funders,
        cast(variance as double) as variance,
        cast(third_moment as double) as third_moment,
        cast(expected_funders as double) as expected_funders,
        cast(expected_variance as double) as expected_variance,
        -- Of as many users at random; the segment of everybody has no attributes.
        cast(random_funders as double) as random_funders
    from compared
    where
        len(attributes) between 1 and {{ sql_number(var('max_segment_attributes')) }}
        -- Users with an unknown attribute cannot be targeted by it.
        and len(attributes) = len(
            list_filter([{{ user_attributes() | join(', ') }}], lambda value: value is not null)
        )
        and users >= {{ sql_number(var('min_segment_users')) }}
)

select * from segment_counts

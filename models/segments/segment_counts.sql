-- A table: the lifts and the reach are taken from it.
{{ config(materialized='table') }}

with

segment_members as (
    select * from {{ ref('segment_members') }}
),

counted as (
    select
        cutoff,
        campaign,
        state,
        age,
        gender_cleaned,
        device,
        marital_status,
        [
            case when grouping(state) = 0 then 'state' end,
            case when grouping(age) = 0 then 'age' end,
            case when grouping(gender_cleaned) = 0 then 'gender_cleaned' end,
            case when grouping(device) = 0 then 'device' end,
            case when grouping(marital_status) = 0 then 'marital_status' end
        ] as grouped_by,
        count(*) as users,
        count(*) filter (where has_funded) as observed_funders,
        -- Summed as decimals: sums of floating numbers would depend on the order of the rows.
        sum(cast(usual_share as decimal(18, 12))) as usual_funders,
        sum(cast(usual_share * (1 - usual_share) as decimal(18, 12))) as variance,
        sum(
            cast(usual_share * (1 - usual_share) * (1 - 2 * usual_share) as decimal(18, 12))
        ) as third_moment,
        sum(cast(fund_probability as decimal(18, 12))) as expected_funders
    from segment_members
    group by
        cutoff,
        campaign,
        cube(state, age, gender_cleaned, device, marital_status)
),

segment_counts as (
    select
        cutoff,
        campaign,
        state,
        age,
        gender_cleaned,
        device,
        marital_status,
        array_to_string(list_filter(grouped_by, lambda name: name is not null), ', ') as attributes,
        users,
        observed_funders,
        cast(usual_funders as double) as usual_funders,
        cast(variance as double) as variance,
        cast(third_moment as double) as third_moment,
        cast(expected_funders as double) as expected_funders
    from counted
    where
        len(list_filter(grouped_by, lambda name: name is not null))
        between 1 and {{ var('max_segment_attributes') }}
        -- A segment of those whose attribute is not known cannot be targeted.
        and len(
            list_filter(
                [state, age, gender_cleaned, device, marital_status],
                lambda value: value is not null
            )
        ) = len(list_filter(grouped_by, lambda name: name is not null))
        and users >= {{ var('min_segment_users') }}
)

select * from segment_counts

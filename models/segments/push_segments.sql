with

segment_lifts as (
    select * from {{ ref('segment_lifts') }}
    where cutoff = 0
    {%- for attribute in excluded_attributes() %} and {{ attribute }} is null{% endfor %}
),

recommended_segments as (
    select * from {{ ref('recommended_segments') }}
    where targeting = 'recommended_segments' and cutoff = 0
),

push_segments as (
    select
        lifts.campaign,
        concat_ws(
            ', ',
            {%- for attribute in user_attributes() %}
            {{ attribute_in_segment(attribute, 'lifts.' ~ attribute) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as segment,
        {{ for_each_column(user_attributes(), 'lifts.{column}') }},
        lifts.users,
        lifts.observed_funders,
        lifts.usual_funders,
        lifts.expected_funders,
        lifts.expected_lift,
        lifts.expected_lift_low,
        lifts.expected_lift_high,
        lifts.lift,
        lifts.lift_low,
        lifts.lift_high,
        lifts.q_value,
        recommended.position is not null as is_recommended,
        recommended.position as recommended_position
    from segment_lifts as lifts
    left join recommended_segments as recommended
        on lifts.surprise_rank = recommended.surprise_rank
)

select * from push_segments

with

push_estimates as (
    select
        *,
        -- As if the bound of the day were that of one look.
        2 * normal_cdf(-abs(difference / standard_error) * {{ z_of_95_percent() }} / bound)
            as p_value
    from {{ ref('push_estimates') }}
    where dimension <> 'everybody'
),

push_days as (
    select * from {{ ref('push_days') }}
),

-- All parts of a push are one family of tests.
ordered as (
    select
        *,
        row_number() over (
            partition by push_id, has_enough_users
            order by p_value asc nulls last, dimension asc, segment asc
        ) as position,
        count(p_value) over (partition by push_id, has_enough_users) as tests
    from push_estimates
),

push_effects as (
    select
        ordered.push_id,
        ordered.dimension,
        ordered.segment,
        cast(ordered.day as integer) as day,
        push_days.is_final,
        ordered.notified_users,
        ordered.control_users,
        ordered.notified_mean,
        ordered.control_mean,
        ordered.difference,
        case
            when ordered.has_enough_users
                then ordered.difference - ordered.bound * ordered.standard_error
        end as difference_low,
        case
            when ordered.has_enough_users
                then ordered.difference + ordered.bound * ordered.standard_error
        end as difference_high,
        -- The false discovery rate at which the part counts (Benjamini and Hochberg, 1995).
        case
            when ordered.has_enough_users and ordered.p_value is not null
                then least(
                    1,
                    min(ordered.p_value * ordered.tests / ordered.position) over (
                        partition by ordered.push_id, ordered.has_enough_users
                        order by ordered.position desc
                        rows between unbounded preceding and current row
                    )
                )
        end as q_value
    from ordered
    inner join push_days
        on
            ordered.push_id = push_days.push_id
            and ordered.outcome = push_days.outcome
            and ordered.day = push_days.day
)

select * from push_effects

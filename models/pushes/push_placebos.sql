{#- With fewer users expected in a cell of the four, the test is exact. With more, the normal test
    at a level of 0.1% fails in 0.26% of draws at the most (all draws of 24 designs counted). -#}
{%- set fewest_expected = 50 -%}
-- Whether the arms differed before the push. Where many funded then, by the adjusted difference.
-- Where few did, or few did not, a difference is not normally distributed, and Fisher's exact test
-- tells how likely so uneven a draw is: the number of funders among the controls is hypergeometric.
with

placebos as (
    select
        *,
        cast(notified_users + control_users as bigint) as users,
        cast(notified_users_with_outcome + control_users_with_outcome as bigint) as funders
    from {{ ref('push_estimates') }}
    where outcome = 'placebo' and dimension = 'everybody'
),

few as (
    select * from placebos
    where
        least(funders, users - funders)
        * (least(notified_users, control_users) / cast(users as double))
        < {{ fewest_expected }}
),

possible_draws as (
    select
        *,
        unnest(
            range(
                greatest(0, funders - notified_users), least(funders, control_users) + 1
            )
        ) as control_funders
    from few
),

likelihoods as (
    select
        push_id,
        control_funders,
        control_funders = control_users_with_outcome as is_this,
        -- Ways to draw these controls, times ways to draw the notified users, over all ways.
        exp(
            lgamma(control_users + 1)
            - lgamma(control_funders + 1)
            - lgamma(control_users - control_funders + 1)
            + lgamma(notified_users + 1)
            - lgamma(funders - control_funders + 1)
            - lgamma(notified_users - funders + control_funders + 1)
            - lgamma(users + 1)
            + lgamma(funders + 1)
            + lgamma(users - funders + 1)
        ) as probability
    from possible_draws
),

compared as (
    select
        *,
        max(probability) filter (where is_this) over (partition by push_id)
            as probability_of_this
    from likelihoods
),

exact_tests as (
    select
        push_id,
        least(
            1,
            -- Draws as likely as this one count, although rounding may set them apart. The last
            -- digits of lgamma are not the same everywhere.
            round(
                sum(probability order by control_funders) filter (
                    where probability <= probability_of_this * (1 + 1e-7)
                ),
                12
            )
        ) as p_value
    from compared
    group by push_id
),

push_placebos as (
    select
        placebos.push_id,
        placebos.notified_mean,
        placebos.control_mean,
        exact_tests.push_id is not null as is_exact,
        coalesce(
            exact_tests.p_value,
            2 * normal_cdf(-abs(placebos.difference / placebos.standard_error))
        ) as p_value
    from placebos
    left join exact_tests on placebos.push_id = exact_tests.push_id
)

select * from push_placebos

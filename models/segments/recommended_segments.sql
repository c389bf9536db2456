-- A push goes to segments that are expected to bring more funders than a random push, and whose
-- fundings so far are no chance find. Greedy: of each campaign the most surprising segment first,
-- then the next one that shares no user with those before it, up to ten.
with recursive

significant as (
    select
        *,
        -- Whether the segment uses an excluded attribute.
        {% for attribute in excluded_attributes() -%}
        {{ attribute }} is not null or {{ ' ' -}}
        {%- endfor -%}
        false as is_excluded
    from {{ ref('segment_lifts') }}
    where
        q_value <= {{ sql_number(var('false_discovery_rate')) }}
        and lift_low > 1
        -- Without a fund network nothing is expected, and what was observed has to do.
        and coalesce(expected_lift_low > 1, true)
),

targetings as (
    select
        'recommended_segments' as targeting,
        false as uses_excluded
    {%- if excluded_attributes() %}
    -- Shows what leaving attributes out costs; not used for a push.
    union all by name
    select
        'recommended_segments_nothing_excluded' as targeting,
        true as uses_excluded
    {%- endif %}
),

-- Two segments share no user if they differ in the value of one attribute.
rivals as (
    select
        one.cutoff,
        one.surprise_rank,
        list(two.surprise_rank order by two.surprise_rank) as rival_ranks
    from significant as one
    inner join significant as two
        on
            one.cutoff = two.cutoff
            and one.campaign = two.campaign
            and {{ for_each_column(
                user_attributes(), 'coalesce(one.{column} = two.{column}, true)', ' and'
            ) }}
    group by one.cutoff, one.surprise_rank
),

candidates as (
    select
        targetings.targeting,
        significant.cutoff,
        significant.campaign,
        significant.surprise_rank,
        rivals.rival_ranks
    from significant
    inner join rivals
        on
            significant.cutoff = rivals.cutoff
            and significant.surprise_rank = rivals.surprise_rank
    inner join targetings on significant.is_excluded <= targetings.uses_excluded
),

picks as (
    select distinct
        targeting,
        cutoff,
        campaign,
        0 as position,
        cast(0 as bigint) as surprise_rank,
        cast([] as bigint[]) as picked_ranks
    from candidates
    union all
    select
        picks.targeting,
        picks.cutoff,
        picks.campaign,
        picks.position + 1 as position,
        min(candidates.surprise_rank) as surprise_rank,
        list_append(picks.picked_ranks, min(candidates.surprise_rank)) as picked_ranks
    from picks
    inner join candidates
        on
            picks.targeting = candidates.targeting
            and picks.cutoff = candidates.cutoff
            and picks.campaign = candidates.campaign
    where
        picks.position < 10
        and not list_has_any(candidates.rival_ranks, picks.picked_ranks)
    group by
        picks.targeting, picks.cutoff, picks.campaign, picks.position, picks.picked_ranks
),

recommended_segments as (
    select
        picks.targeting,
        picks.cutoff,
        picks.campaign,
        picks.position,
        significant.surprise_rank,
        {{ for_each_column(user_attributes(), 'significant.{column}') }}
    from picks
    inner join significant
        on picks.cutoff = significant.cutoff and picks.surprise_rank = significant.surprise_rank
)

select * from recommended_segments

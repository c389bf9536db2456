-- Greedy: of each campaign the most surprising segment first, then the next one that shares no user
-- with those before it, up to ten.
with recursive

candidates as (
    select
        snapshot,
        campaign,
        surprise_rank,
        struct_pack(state, age, gender_cleaned, device, marital_status) as segment,
        -- No segment that uses an excluded attribute is recommended.
        {% for attribute in excluded_attributes() -%}
        {{ attribute }} is not null or {{ ' ' -}}
        {%- endfor -%}
        false as is_excluded
    from {{ ref('segment_lifts') }}
    where q_value <= {{ var('false_discovery_rate') }} and lift_low > 1
),

targetings as (
    select
        'recommended_segments' as targeting,
        candidates.*
    from candidates
    where not is_excluded
    {%- if excluded_attributes() %}
    -- What it costs to leave attributes out; nobody is pushed to by it.
    union all
    select
        'recommended_segments_nothing_excluded' as targeting,
        candidates.*
    from candidates
    {%- endif %}
),

picks as (
    select distinct
        targeting,
        snapshot,
        campaign,
        0 as position,
        cast(0 as bigint) as surprise_rank,
        cast([] as struct(
            state varchar, age varchar, gender_cleaned varchar, device varchar, marital_status varchar
        )[]) as picked
    from targetings
    union all
    select
        picks.targeting,
        picks.snapshot,
        picks.campaign,
        picks.position + 1 as position,
        min(targetings.surprise_rank) as surprise_rank,
        list_append(
            picks.picked, arg_min(targetings.segment, targetings.surprise_rank)
        ) as picked
    from picks
    inner join targetings
        on
            picks.targeting = targetings.targeting
            and picks.snapshot = targetings.snapshot
            and picks.campaign = targetings.campaign
            and picks.surprise_rank < targetings.surprise_rank
    where
        picks.position < 10
        -- Two segments share no user where they set one attribute differently.
        and len(
            list_filter(
                picks.picked,
                lambda other: not (
                    coalesce(other.state <> targetings.segment.state, false)
                    or coalesce(other.age <> targetings.segment.age, false)
                    or coalesce(other.gender_cleaned <> targetings.segment.gender_cleaned, false)
                    or coalesce(other.device <> targetings.segment.device, false)
                    or coalesce(other.marital_status <> targetings.segment.marital_status, false)
                )
            )
        ) = 0
    group by picks.targeting, picks.snapshot, picks.campaign, picks.position, picks.picked
),

recommended_segments as (
    select
        targeting,
        snapshot,
        campaign,
        position,
        surprise_rank,
        picked[-1].state as state,
        picked[-1].age as age,
        picked[-1].gender_cleaned as gender_cleaned,
        picked[-1].device as device,
        picked[-1].marital_status as marital_status
    from picks
    where position > 0
)

select * from recommended_segments

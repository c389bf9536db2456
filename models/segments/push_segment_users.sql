with

segment_members as (
    select * from {{ ref('segment_members') }}
),

recommended_segments as (
    select * from {{ ref('recommended_segments') }}
),

push_segment_users as (
    select
        segments.targeting,
        members.cutoff,
        members.campaign,
        members.session_id,
        segments.position
    from segment_members as members
    inner join recommended_segments as segments
        on members.cutoff = segments.cutoff and members.campaign = segments.campaign
    where
        {{ for_each_column(
            user_attributes(),
            'coalesce(members.{column} = segments.{column}, segments.{column} is null)',
            ' and'
        ) }}
)

select * from push_segment_users

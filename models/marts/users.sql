{{
    config(
        materialized=made_as('incremental'),
        incremental_strategy='delete+insert',
        unique_key='session_id',
        post_hook="{{ include_batches(of='touched_users') }}"
    )
}}

with

events as (
    select * from {{ ref('snapshot_events') }}
),

session_genders as (
    select * from {{ ref('session_genders') }}
),

session_attributes as (
    select * from {{ ref('session_attributes') }}
),

session_attribute_conflicts as (
    select * from {{ ref('session_attribute_conflicts') }}
),

activity as (
    select
        snapshot,
        session_id,
        count(*) as events,
        {{ epoch_to_timestamp('min(client_time)') }} as first_seen_at,
        {{ epoch_to_timestamp('max(client_time)') }} as last_seen_at
    from events
    group by snapshot, session_id
),

users as (
    select
        session_attributes.session_id,
        session_genders.gender_cleaned,
        session_genders.has_conflicting_gender,
        session_attributes.age,
        session_attributes.marital_status,
        session_attributes.device,
        session_attributes.city,
        session_attributes.state,
        session_attributes.zip_code,
        session_attributes.latitude,
        session_attributes.longitude,
        -- A gender that one event knows and another does not is no conflict.
        cast(session_genders.has_conflicting_gender as integer)
        + cast(session_attribute_conflicts.age as integer)
        + cast(session_attribute_conflicts.marital_status as integer)
        + cast(session_attribute_conflicts.device as integer)
        + cast(session_attribute_conflicts.city as integer)
        + cast(session_attribute_conflicts.latitude as integer)
        + cast(session_attribute_conflicts.longitude as integer)
        + cast(session_attribute_conflicts.state as integer)
        + cast(session_attribute_conflicts.zip_code as integer)
            as conflicting_attributes,
        activity.events,
        activity.first_seen_at,
        activity.last_seen_at
    from session_attributes
    inner join session_genders
        on
            session_attributes.snapshot = session_genders.snapshot
            and session_attributes.session_id = session_genders.session_id
    inner join session_attribute_conflicts
        on
            session_attributes.snapshot = session_attribute_conflicts.snapshot
            and session_attributes.session_id = session_attribute_conflicts.session_id
    inner join activity
        on
            session_attributes.snapshot = activity.snapshot
            and session_attributes.session_id = activity.session_id
    where session_attributes.snapshot = {{ -1 if is_incremental() else 0 }}
)

select * from users

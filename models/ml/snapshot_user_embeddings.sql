-- A table: similarities are taken from it for every campaign.
{{ config(materialized='table') }}

with

users as (
    select * from {{ ref('user_histories') }}
    -- Now, and where the last horizon begins: the notebook's method is measured on that.
    where snapshot in (0, 2)
),

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

snapshot_attribute_embeddings as (
    select * from {{ ref('snapshot_attribute_embeddings') }}
),

unnested_scales as (
    select
        snapshot,
        unnest(scales) as scale
    from attribute_network
),

scales as (
    select
        unnested_scales.snapshot,
        unnested_scales.scale.attribute,
        unnested_scales.scale.mean,
        unnested_scales.scale.standard_deviation
    from unnested_scales
),

coordinates as (
    select
        users.snapshot,
        users.session_id,
        -- An unknown coordinate counts as the average one, as it did in training.
        [
            coalesce((users.latitude - lat.mean) / lat.standard_deviation, 0),
            coalesce((users.longitude - lon.mean) / lon.standard_deviation, 0)
        ] as normalized_coordinates
    from users
    inner join scales as lat
        on users.snapshot = lat.snapshot and lat.attribute = 'latitude'
    inner join scales as lon
        on users.snapshot = lon.snapshot and lon.attribute = 'longitude'
),

-- The positions are the order of the attributes in a user's vector.
unnested_attributes as (
    select
        snapshot,
        session_id,
        unnest(
            [
                struct_pack(position := 1, attribute := 'age', value := age),
                struct_pack(position := 2, attribute := 'marital_status', value := marital_status),
                struct_pack(position := 3, attribute := 'device', value := device),
                struct_pack(position := 4, attribute := 'city', value := city),
                struct_pack(position := 5, attribute := 'state', value := state),
                struct_pack(position := 6, attribute := 'zip_code', value := zip_code),
                struct_pack(position := 7, attribute := 'gender_cleaned', value := gender_cleaned)
            ]
        ) as known
    from users
),

user_attributes as (
    select
        unnested_attributes.snapshot,
        unnested_attributes.session_id,
        unnested_attributes.known.position,
        unnested_attributes.known.attribute,
        coalesce(unnested_attributes.known.value, '#na#') as value
    from unnested_attributes
),

-- A value that no training row has counts as a missing one, or as nothing where none was missing.
other_values as (
    select
        snapshot,
        attribute,
        coalesce(
            any_value(embedding) filter (where value = '#na#'),
            list_transform(any_value(embedding), lambda weight: 0)
        ) as embedding
    from snapshot_attribute_embeddings
    group by snapshot, attribute
),

attribute_vectors as (
    select
        user_attributes.snapshot,
        user_attributes.session_id,
        flatten(
            list(
                coalesce(learned.embedding, other_values.embedding)
                order by user_attributes.position
            )
        ) as embedding
    from user_attributes
    inner join other_values
        on
            user_attributes.snapshot = other_values.snapshot
            and user_attributes.attribute = other_values.attribute
    left join snapshot_attribute_embeddings as learned
        on
            user_attributes.snapshot = learned.snapshot
            and user_attributes.attribute = learned.attribute
            and user_attributes.value = learned.value
    group by user_attributes.snapshot, user_attributes.session_id
),

snapshot_user_embeddings as (
    select
        coordinates.snapshot,
        coordinates.session_id,
        list_concat(
            cast(coordinates.normalized_coordinates as float[]), attribute_vectors.embedding
        ) as embedding
    from coordinates
    inner join attribute_vectors
        on
            coordinates.snapshot = attribute_vectors.snapshot
            and coordinates.session_id = attribute_vectors.session_id
)

select * from snapshot_user_embeddings

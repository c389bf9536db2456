with

users as (
    select * from {{ ref('users') }}
),

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

attribute_embeddings as (
    select * from {{ ref('attribute_embeddings') }}
),

unnested_scales as (
    select unnest(scales) as scale
    from attribute_network
),

scales as (
    select
        scale.attribute,
        scale.mean,
        scale.standard_deviation
    from unnested_scales
),

coordinates as (
    select
        users.session_id,
        -- An unknown coordinate counts as the average one, as it did in training.
        [
            coalesce((users.latitude - lat.mean) / lat.standard_deviation, 0),
            coalesce((users.longitude - lon.mean) / lon.standard_deviation, 0)
        ] as normalized_coordinates
    from users
    inner join scales as lat on lat.attribute = 'latitude'
    inner join scales as lon on lon.attribute = 'longitude'
),

-- The positions are the order of the attributes in a user's vector.
unnested_attributes as (
    select
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
        unnested_attributes.session_id,
        unnested_attributes.known.position,
        unnested_attributes.known.attribute,
        coalesce(unnested_attributes.known.value, '#na#') as value
    from unnested_attributes
),

attribute_vectors as (
    select
        user_attributes.session_id,
        flatten(
            list(attribute_embeddings.embedding order by user_attributes.position)
        ) as embedding
    from user_attributes
    inner join attribute_embeddings
        on
            user_attributes.attribute = attribute_embeddings.attribute
            and user_attributes.value = attribute_embeddings.value
    group by user_attributes.session_id
),

user_embeddings as (
    select
        coordinates.session_id,
        list_concat(
            cast(coordinates.normalized_coordinates as float[]), attribute_vectors.embedding
        ) as embedding
    from coordinates
    inner join attribute_vectors on coordinates.session_id = attribute_vectors.session_id
)

select * from user_embeddings

{#-
    The notebook's network: its attributes are a closed list. The embeddings follow the coordinates in this order.
-#}
{%- set attributes = [
    'age', 'marital_status', 'device', 'city', 'state', 'zip_code', 'gender_cleaned',
] -%}

with

users as (
    select * from {{ ref('user_histories') }}
    -- Now, and the start of the last horizon, on which the notebook's method is measured.
    where cutoff in ({{ model_cutoffs() }})
),

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

cutoff_attribute_embeddings as (
    select * from {{ ref('cutoff_attribute_embeddings') }}
),

unnested_scales as (
    select
        cutoff,
        unnest(scales) as scale
    from attribute_network
),

scales as (
    select
        unnested_scales.cutoff,
        unnested_scales.scale.attribute,
        unnested_scales.scale.mean,
        unnested_scales.scale.standard_deviation
    from unnested_scales
),

coordinate_scales as (
    select
        lat.cutoff,
        lat.mean as latitude_mean,
        lat.standard_deviation as latitude_deviation,
        lon.mean as longitude_mean,
        lon.standard_deviation as longitude_deviation
    from scales as lat
    inner join scales as lon on lat.cutoff = lon.cutoff
    where lat.attribute = 'latitude' and lon.attribute = 'longitude'
),

-- A value that is not in the training rows counts as missing, or as zeros where none was missing.
other_values as (
    select
        cutoff,
        attribute,
        coalesce(
            any_value(embedding) filter (where value = '#na#'),
            list_transform(any_value(embedding), lambda weight: 0)
        ) as embedding
    from cutoff_attribute_embeddings
    group by cutoff, attribute
),

cutoff_user_embeddings as (
    select
        users.cutoff,
        users.session_id,
        -- An unknown coordinate counts as the average, as in training.
        cast([
            coalesce(
                (users.latitude - scales.latitude_mean) / scales.latitude_deviation, 0
            ),
            coalesce(
                (users.longitude - scales.longitude_mean) / scales.longitude_deviation, 0
            )
        ] as float[])
        {%- for attribute in attributes %}
        || coalesce({{ attribute }}_learned.embedding, {{ attribute }}_other.embedding)
        {%- endfor %} as embedding
    from users
    inner join coordinate_scales as scales on users.cutoff = scales.cutoff
    -- One small table for each attribute, instead of a row for each user and attribute.
    {%- for attribute in attributes %}
    inner join other_values as {{ attribute }}_other
        on
            users.cutoff = {{ attribute }}_other.cutoff
            and {{ attribute }}_other.attribute = '{{ attribute }}'
    left join cutoff_attribute_embeddings as {{ attribute }}_learned
        on
            users.cutoff = {{ attribute }}_learned.cutoff
            and {{ attribute }}_learned.attribute = '{{ attribute }}'
            and coalesce(users.{{ attribute }}, '#na#') = {{ attribute }}_learned.value
    {%- endfor %}
)

select * from cutoff_user_embeddings

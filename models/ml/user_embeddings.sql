{%- set attributes = [
    'age', 'marital_status', 'device', 'city', 'state', 'zip_code', 'gender_cleaned',
] -%}

with

users as (
    select * from {{ ref('users') }}
),

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

scales as (
    select unnest(scales) as scale
    from attribute_network
),

latitude_scale as (
    select
        scale.mean,
        scale.standard_deviation
    from scales
    where scale.attribute = 'latitude'
),

longitude_scale as (
    select
        scale.mean,
        scale.standard_deviation
    from scales
    where scale.attribute = 'longitude'
),
{% for attribute in attributes %}
{{ attribute }}_embeddings as (
    select
        value,
        embedding
    from {{ ref('attribute_embeddings') }}
    where attribute = '{{ attribute }}'
),
{% endfor %}
user_embeddings as (
    select
        users.session_id,
        -- An unknown coordinate counts as the average one, as it did in training.
        list_concat(
            [
                cast(
                    coalesce(
                        (users.latitude - latitude_scale.mean) / latitude_scale.standard_deviation, 0
                    ) as float
                ),
                cast(
                    coalesce(
                        (users.longitude - longitude_scale.mean) / longitude_scale.standard_deviation,
                        0
                    ) as float
                )
            ],
            {%- for attribute in attributes %}
            {{ attribute }}_embeddings.embedding{{ "," if not loop.last }}
            {%- endfor %}
        ) as embedding
    from users
    cross join latitude_scale
    cross join longitude_scale
    {%- for attribute in attributes %}
    inner join {{ attribute }}_embeddings
        on coalesce(users.{{ attribute }}, '#na#') = {{ attribute }}_embeddings.value
    {%- endfor %}
)

select * from user_embeddings

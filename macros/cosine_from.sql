{#- The cosine of the angle, seen from a centre, between the way to a point and a direction. -#}
{%- macro cosine_from(centre, point, direction) -%}
    (
        list_inner_product({{ point }}, {{ direction }})
        - list_inner_product({{ centre }}, {{ direction }})
    ) / nullif(
        list_distance({{ point }}, {{ centre }})
        * sqrt(list_inner_product({{ direction }}, {{ direction }})),
        0
    )
{%- endmacro -%}

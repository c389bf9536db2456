{%- macro cosine_from(center, point, direction) -%}
    sum(
        cast(
            list_inner_product({{ point }}, {{ direction }})
            - list_inner_product({{ center }}, {{ direction }}) as decimal(38, 15)
        )
    ) / nullif(
        sqrt(sum(cast(power(list_distance({{ point }}, {{ center }}), 2) as decimal(38, 15))))
        * sqrt(sum(cast(list_inner_product({{ direction }}, {{ direction }}) as decimal(38, 15)))),
        0
    )
{%- endmacro -%}

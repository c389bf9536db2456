{#-
    The cosine of the angle, seen from a centre, between the way to a point and a direction, each of
    them cut into the rows of a group. Sums of decimals have a fixed size and do not depend on the
    order of the rows.
-#}
{%- macro cosine_from(centre, point, direction) -%}
    sum(
        cast(
            list_inner_product({{ point }}, {{ direction }})
            - list_inner_product({{ centre }}, {{ direction }}) as decimal(38, 15)
        )
    ) / nullif(
        sqrt(sum(cast(power(list_distance({{ point }}, {{ centre }}), 2) as decimal(38, 15))))
        * sqrt(sum(cast(list_inner_product({{ direction }}, {{ direction }}) as decimal(38, 15)))),
        0
    )
{%- endmacro -%}

{#- Whether a row is among those to learn from, by its place in its stratum: each stratum keeps its share. -#}
{%- macro is_in_training_sample() -%}
    place
    <= ceil(
        rows_of_stratum
        * least(1, {{ var('most_training_rows') }} / cast(rows_to_choose_from as double))
    )
{%- endmacro -%}

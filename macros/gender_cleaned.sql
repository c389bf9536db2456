{#- The gender of a user: what the latest event that knows it says, else what the variable says. -#}
{%- macro gender_cleaned() -%}
    coalesce(
        {{ latest_known('gender', known="gender in ('F', 'M')") }},
        {{ sql_text(var('unknown_gender')) }}
    )
{%- endmacro -%}

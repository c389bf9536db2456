{#- Years, or a date of birth and the date to tell the age on; other text stays as it is. -#}
{%- macro age_group(age, on='current_date') -%}
    {%- set text = "cast(" ~ age ~ " as varchar)" -%}
    {%- set years -%}
        coalesce(
            try_cast({{ text }} as integer),
            date_diff('year', try_cast({{ text }} as date), cast({{ on }} as date))
            - case
                when strftime(try_cast({{ text }} as date), '%m%d')
                    > strftime(cast({{ on }} as date), '%m%d') then 1
                else 0
            end
        )
    {%- endset -%}
    case
        when {{ years }} between 0 and 17 then 'under 18'
        when {{ years }} between 18 and 24 then '18-24'
        when {{ years }} between 25 and 34 then '25-34'
        when {{ years }} between 35 and 44 then '35-44'
        when {{ years }} between 45 and 54 then '45-54'
        when {{ years }} between 55 and 120 then '55+'
        when {{ years }} is null then {{ text }}
    end
{%- endmacro -%}

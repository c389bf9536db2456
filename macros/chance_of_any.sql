{%- macro chance_of_any(probability) -%}
    case
        when count(*) = 1 then max({{ probability }})
        else 1 - exp(cast(sum(cast(ln(1 - {{ probability }}) as decimal(38, 30))) as double))
    end
{%- endmacro -%}

{#-
    The probability that at least one of several independent events happens (noisy-or), over the
    rows of a group: one less the product of the chances of none. As a sum of logarithms in decimals
    it has a fixed size, so that groups of millions of users fit a memory limit, and is the same to
    the last bit in whatever order the rows come.
-#}
{%- macro chance_of_any(probability) -%}
    case
        when count(*) = 1 then max({{ probability }})
        else 1 - exp(cast(sum(cast(ln(1 - {{ probability }}) as decimal(38, 30))) as double))
    end
{%- endmacro -%}

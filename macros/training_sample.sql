{#-
    Networks learn from a stratified sample where there are too many rows: of each stratum the same
    fraction, the first users by a hash. Only candidates are ranked, which are little more than the
    sample.
-#}

{%- macro sampling_fraction(total_rows) -%}
    least(1, {{ sql_number(var('most_training_rows')) }} / cast({{ total_rows }} as double))
{%- endmacro -%}

{%- macro is_sample_candidate(session_id) -%}
    {{ position_by_hash(session_id) }} <= 1.1 * sampling_fraction + 1000.0 / rows_of_stratum
{%- endmacro -%}

{%- macro is_in_training_sample() -%}
    sample_rank <= ceil(rows_of_stratum * sampling_fraction)
{%- endmacro -%}

{%- macro position_by_hash(text) -%}
    cast('0x' || substring(md5({{ text }}), 1, 13) as bigint) / 4503599627370496.0
{%- endmacro -%}

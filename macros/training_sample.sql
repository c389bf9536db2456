{#-
    Networks learn from a stratified sample where there are too many rows: of each stratum the same
    fraction, the first users by a hash. Only candidates are ranked, which are little more than the
    sample.
-#}

{#- The fraction of the rows that a network learns from: 1 if all fit. -#}
{%- macro sampling_fraction(total_rows) -%}
    least(1, {{ sql_number(var('most_training_rows')) }} / cast({{ total_rows }} as double))
{%- endmacro -%}

{#-
    Whether a user may be in the sample. A stratum keeps 1.1 times its fraction and room for a
    thousand rows: 18 standard deviations of a binomial above the fraction or more, and still 8
    where a user has five rows, which stay together. With fifty categories, a stratum of some ten
    thousand sampled rows might come out a few rows short.
-#}
{%- macro is_sample_candidate(session_id) -%}
    {{ position_by_hash(session_id) }} <= 1.1 * sampling_fraction + 1000.0 / rows_of_stratum
{%- endmacro -%}

{#- Whether a row is in it, by its place in its stratum. -#}
{%- macro is_in_training_sample() -%}
    sample_rank <= ceil(rows_of_stratum * sampling_fraction)
{%- endmacro -%}

{#- A number from 0 to 1 that is spread evenly, in the order of the MD5. -#}
{%- macro position_by_hash(text) -%}
    cast('0x' || substring(md5({{ text }}), 1, 13) as bigint) / 4503599627370496.0
{%- endmacro -%}

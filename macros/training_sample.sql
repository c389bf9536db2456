{#-
    Networks learn from a sample where there are too many rows: of each stratum the same share, the first users by a
    hash. To rank all rows would take longer than to learn from the sample, so only those are ranked that come near it.
-#}

{#- Which share of the rows a network learns from: 1 where there is no need to choose. -#}
{%- macro share_to_learn_from(total_rows) -%}
    least(1, {{ var('most_training_rows') }} / cast({{ total_rows }} as double))
{%- endmacro -%}


{#-
    Whether a user may be in the sample. A stratum keeps 1.1 times its share and room for a thousand rows: 18 standard
    deviations of a binomial above the share or more, and still 8 where a user has five rows, which stay together.
-#}
{%- macro comes_near_sample(session_id) -%}
    {{ position_by_hash(session_id) }} <= 1.1 * kept_share + 1000.0 / rows_of_stratum
{%- endmacro -%}


{#- Whether a row is in it, by its place in its stratum. -#}
{%- macro is_in_training_sample() -%}
    place <= ceil(rows_of_stratum * kept_share)
{%- endmacro -%}


{#- A number from 0 to 1 that is spread evenly, in the order of the MD5. -#}
{%- macro position_by_hash(text) -%}
    {{ return(adapter.dispatch('position_by_hash', 'bootloader')(text)) }}
{%- endmacro -%}


{%- macro default__position_by_hash(text) -%}
    cast('0x' || substring(md5({{ text }}), 1, 13) as bigint) / 4503599627370496.0
{%- endmacro -%}

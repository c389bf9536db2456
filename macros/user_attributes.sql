{#- The attributes of a user that the fund network learns from and segments are cut by: see python/bootloader/attributes.py. -#}
{%- macro user_attributes() -%}
    {{ return(['age', 'gender_cleaned', 'marital_status', 'device', 'state']) }}
{%- endmacro -%}

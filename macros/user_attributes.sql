{#- The attributes of a user that the fund network learns from and segments are cut by: see python/bootloader/attributes.py. -#}
{%- macro user_attributes() -%}{{ return(['age', 'gender_cleaned', 'marital_status', 'device', 'state']) }}{%- endmacro -%}

{#- The columns about the user in every table of users. -#}
{%- macro user_columns() -%}
    {{ return([
        'gender_cleaned', 'age', 'marital_status', 'device', 'city', 'state', 'zip_code', 'latitude', 'longitude',
    ]) }}
{%- endmacro -%}

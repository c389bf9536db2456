{%- macro own_fields() -%}
    {{ return([
        'session_id', 'event_name', 'category', 'client_time', 'amount', 'age', 'gender',
        'marital_status', 'device',
    ]) }}
{%- endmacro -%}

{%- macro location_fields() -%}
    {{ return(['city', 'state', 'zip_code', 'latitude', 'longitude']) }}
{%- endmacro -%}

{%- macro numeric_fields() -%}
    {{ return(['client_time', 'amount', 'latitude', 'longitude']) }}
{%- endmacro -%}

{%- macro event_fields() -%}{{ return(own_fields() + location_fields()) }}{%- endmacro -%}

{%- macro profile_fields() -%}
    {%- set first = ['gender', 'age', 'marital_status', 'device', 'state'] -%}
    {{ return(first + location_fields() | reject('in', first) | list) }}
{%- endmacro -%}

{%- macro keys_of(field) -%}
    {%- set name = var('event_fields')[field] | default('', true) | string -%}
    {%- if name -%}{{ return([name.split('.')] + ([[name]] if '.' in name else [])) }}{%- endif -%}
    {%- if field in location_fields() -%}{{ return([['location', field], [field]]) }}{%- endif -%}
    {{ return([[field], ['insert_id']] if field == 'event_id' else [[field]]) }}
{%- endmacro -%}

{%- macro field_of(record, field) -%}
    {%- set places = [] -%}
    {%- for keys in keys_of(field) -%}
        {%- set quoted = [record] -%}
        {%- for key in keys -%}{%- do quoted.append(adapter.quote(key)) -%}{%- endfor -%}
        {%- do places.append(quoted | join('.')) -%}
    {%- endfor -%}
    {{ return('coalesce(' ~ places | join(', ') ~ ')' if places | length > 1 else places[0]) }}
{%- endmacro -%}

{%- macro event_identity() -%}
    {{ return(adapter.dispatch('event_identity', 'bootloader')()) }}
{%- endmacro -%}
{%- macro default__event_identity() -%}
    md5(
        cast(
            to_json(
                [
                    {%- for field in event_fields() %}
                    cast({{ field }} as varchar){{ "," if not loop.last }}
                    {%- endfor %}
                ]
            ) as varchar
        ) || coalesce(event_key, '')
    )
{%- endmacro -%}

{%- macro event_as_json() -%}
    {{ return(adapter.dispatch('event_as_json', 'bootloader')()) }}
{%- endmacro -%}
{%- macro default__event_as_json() -%}
    cast(
        to_json(
            struct_pack(
                {%- for field in own_fields() %}
                {{ field }},
                {%- endfor %}
                location := struct_pack(
                    {%- for field in location_fields() %}
                    {{ field }}{{ "," if not loop.last }}
                    {%- endfor %}
                )
            )
        ) as varchar
    )
{%- endmacro -%}

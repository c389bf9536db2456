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

{#- What a record also tells, and no event keeps. -#}
{%- macro other_fields() -%}
    {{ return(['event_id', 'refunded_event_id', 'currency']) }}
{%- endmacro -%}

{%- macro profile_fields() -%}
    {%- set first = ['gender', 'age', 'marital_status', 'device', 'state'] -%}
    {{ return(first + location_fields() | reject('in', first) | list) }}
{%- endmacro -%}

{#- Whose values the seed value_mappings may change. -#}
{%- macro mapped_fields() -%}
    {%- set others = numeric_fields() + ['zip_code'] -%}
    {{ return(['category'] + profile_fields() | reject('in', others) | list) }}
{%- endmacro -%}

{%- macro keys_of(field) -%}
    {%- set paths = [] -%}
    {%- for name in names_given(field) -%}
        {%- do paths.append(name.split('.')) -%}
        {%- if '.' in name -%}{%- do paths.append([name]) -%}{%- endif -%}
    {%- endfor -%}
    {%- if paths -%}{{ return(paths) }}{%- endif -%}
    {%- if field in location_fields() -%}{{ return([['location', field], [field]]) }}{%- endif -%}
    {{ return([[field], ['insert_id']] if field == 'event_id' else [[field]]) }}
{%- endmacro -%}

{%- macro names_given(field) -%}
    {%- set names = var('event_fields')[field] | default([], true) -%}
    {{ return(names if names is iterable and names is not string else [names | string]) }}
{%- endmacro -%}

{%- macro field_of(record, field) -%}
    {%- set places = [] -%}
    {%- for keys in keys_of(field) -%}
        {%- set quoted = [record] -%}
        {%- for key in keys -%}{%- do quoted.append(adapter.quote(key)) -%}{%- endfor -%}
        {%- do places.append(quoted | join('.')) -%}
    {%- endfor -%}
    {#- Of several names, the first that is not empty counts. -#}
    {%- if names_given(field) | length > 1 -%}
        {%- set filled = [] -%}
        {%- for place in places -%}{%- do filled.append(missing_as_null(place)) -%}{%- endfor -%}
        {%- set places = filled -%}
    {%- endif -%}
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

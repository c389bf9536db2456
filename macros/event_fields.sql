{#- What an event says itself, and what the challenge nests as its location. -#}
{%- macro own_fields() -%}
    {{ return([
        'session_id', 'event_name', 'category', 'client_time', 'amount', 'age', 'gender',
        'marital_status', 'device',
    ]) }}
{%- endmacro -%}

{%- macro location_fields() -%}
    {{ return(['city', 'state', 'zip_code', 'latitude', 'longitude']) }}
{%- endmacro -%}

{#- Those of all fields that are numbers; the others are text. -#}
{%- macro numeric_fields() -%}
    {{ return(['client_time', 'amount', 'latitude', 'longitude']) }}
{%- endmacro -%}

{#- All that an event says: two records that agree in these are the same event. -#}
{%- macro event_fields() -%}{{ return(own_fields() + location_fields()) }}{%- endmacro -%}

{#-
    Those fields that tell who the user is, in the order in which they decide between two events of
    one second.
-#}
{%- macro profile_fields() -%}
    {%- set first = ['gender', 'age', 'marital_status', 'device', 'state'] -%}
    {{ return(first + location_fields() | reject('in', first) | list) }}
{%- endmacro -%}

{#-
    Where a record may have a field: lists of keys, from the outside in. The variable event_fields
    names another place.
-#}
{%- macro keys_of(field) -%}
    {%- set name = var('event_fields')[field] | default('', true) | string -%}
    {%- if name -%}{{ return([name.split('.')] + ([[name]] if '.' in name else [])) }}{%- endif -%}
    {%- if field in location_fields() -%}{{ return([['location', field], [field]]) }}{%- endif -%}
    {{ return([[field], ['insert_id']] if field == 'event_id' else [[field]]) }}
{%- endmacro -%}

{#- A field of a parsed record, from the first of those places that has it. -#}
{%- macro field_of(record, field) -%}
    {%- set places = [] -%}
    {%- for keys in keys_of(field) -%}
        {%- set quoted = [record] -%}
        {%- for key in keys -%}{%- do quoted.append(adapter.quote(key)) -%}{%- endfor -%}
        {%- do places.append(quoted | join('.')) -%}
    {%- endfor -%}
    {{ return('coalesce(' ~ places | join(', ') ~ ')' if places | length > 1 else places[0]) }}
{%- endmacro -%}

{#-
    A text that two events share only if they are the same: of a list as JSON, so that no two lists
    give one text.
-#}
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

{#- An event as the source would write it. -#}
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

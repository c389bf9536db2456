{%- macro push_event_kinds() -%}
    {{ return({
        'sent': var('push_sent_event'), 'delivered': var('push_delivered_event'),
        'impression': var('impression_event'), 'opened': var('push_opened_event'),
        'opted_out': var('push_opt_out_event'),
    }) }}
{%- endmacro -%}

{%- macro push_event_names() -%}
    {%- for name in push_event_kinds().values() -%}
        {{ sql_text(name) }}{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{%- macro field_of_record(raw_event, field) -%}
    {{ sql_function('json_extract_string') }}({{ raw_event }}, '$.{{ field }}')
{%- endmacro -%}

{%- macro wilson_bound(successes, trials, sign) -%}
    {%- set z = z_of_95_percent() -%}
    (
        {{ successes }} + {{ z }} * {{ z }} / 2 + {{ sign }} * {{ z }} * sqrt(
            {{ successes }} * ({{ trials }} - {{ successes }}) / cast({{ trials }} as double)
            + {{ z }} * {{ z }} / 4
        )
    ) / ({{ trials }} + {{ z }} * {{ z }})
{%- endmacro -%}

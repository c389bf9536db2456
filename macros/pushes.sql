{#- What happens to a push message, and how the source spells it. -#}
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

{#- The text of a field of a record that is known to be a JSON object. -#}
{%- macro field_of_record(raw_event, field) -%}
    {{ sql_function('json_extract_string') }}({{ raw_event }}, '$.{{ field }}')
{%- endmacro -%}

{#- Wilson's 95% interval for a share (1927): its lower end for a sign of -1, its upper end for 1. -#}
{%- macro wilson_bound(successes, trials, sign) -%}
    {%- set z = z_of_95_percent() -%}
    (
        {{ successes }} + {{ z }} * {{ z }} / 2 + {{ sign }} * {{ z }} * sqrt(
            {{ successes }} * ({{ trials }} - {{ successes }}) / cast({{ trials }} as double)
            + {{ z }} * {{ z }} / 4
        )
    ) / ({{ trials }} + {{ z }} * {{ z }})
{%- endmacro -%}

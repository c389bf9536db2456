{%- macro push_event_kinds() -%}
    {{ return({
        'sent': var('push_sent_event'), 'delivered': var('push_delivered_event'),
        'impression': var('impression_event'), 'opened': var('push_opened_event'),
        'opted_out': var('push_opt_out_event'), 'opted_in': var('push_opt_in_event'),
    }) }}
{%- endmacro -%}

{%- macro push_kind(event_name) -%}
    case
        -- Nearly all records are views and fundings.
        when {{ event_name }} in (
            {{ sql_text(var('view_event')) }}, {{ sql_text(var('fund_event')) }}
        ) then null
        {%- for kind, name in push_event_kinds().items() %}
        when lower({{ trimmed(event_name) }}) = lower({{ sql_text(name | trim) }})
            then '{{ kind }}'
        {%- endfor %}
    end
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

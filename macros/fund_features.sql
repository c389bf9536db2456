{%- macro fund_features() -%}
    {{ return([
        'views', 'funds', 'pending_views', 'total_views', 'total_funds', 'total_pending_views',
        'view_freshness', 'fund_freshness', 'total_view_freshness', 'total_fund_freshness',
        'first_freshness', 'log_mean_amount',
    ]) }}
{%- endmacro -%}

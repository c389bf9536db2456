{%- macro publish(results=none) -%}
    {%- set nodes, statuses = [], {} -%}
    {%- for node in graph.nodes.values()
        if node.package_name == 'bootloader' and node.resource_type in ('model', 'seed') -%}
        {%- do nodes.append({
            'unique_id': node.unique_id, 'schema': node.schema, 'alias': node.alias,
            'relation': node.relation_name, 'access': node.get('access', 'public'),
            'materialized': node.config.materialized, 'parameters': node.config.get('parameters'),
            'reads': node.depends_on.get('nodes', []),
        }) -%}
    {%- endfor -%}
    {%- for result in results or [] -%}
        {%- do statuses.update({result.node.unique_id: result.status}) -%}
    {%- endfor -%}
    {%- set build = graph.nodes.get('model.bootloader.build') -%}
    {%- set exposure = graph.exposures.get('exposure.bootloader.campaign_map') -%}
    {%- set losses = [] -%}
    {%- if statuses.get('model.bootloader.build_losses') == 'success' -%}
        {%- set found = graph.nodes['model.bootloader.build_losses'].relation_name -%}
        {%- set losses = run_query("select message from " ~ found).columns[0].values() | list -%}
    {%- endif -%}
    {%- set answer = ask_python('plan_publishing', {
        'nodes': nodes, 'read_by_app': exposure.depends_on.nodes if exposure else [],
        'relations': relations_in_warehouse(), 'database': adapter.quote(target.database),
        'statuses': statuses, 'is_by_hand': results is none, 'is_empty': flags.EMPTY,
        'target': target.name, 'serving_target': var('serving_target'),
        'copy': serving_copy(), 'unfinished': serving_copy() ~ '.' ~ invocation_id ~ '.tmp',
        'losses': losses,
        'build_id': invocation_id if results is not none or not build
            else run_query("select build_id from " ~ build.relation_name).columns[0].values()[0],
    }) -%}
    {%- do adapter.commit() if flags.WHICH == 'run-operation' -%}
    {%- for statement in answer.statements -%}{%- do run_query(statement) -%}{%- endfor -%}
    {{ log(answer.message, info=True) if answer.message }}
{%- endmacro -%}

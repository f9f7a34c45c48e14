-- seed metadata.widget_types: widget_type in ('markdown', 'filtered_list', 'stat_card', 'query_result', 'map', 'dashboard_navigation', 'calendar', 'chart', 'buttons')
-- seed metadata.dashboards: display_name = 'Welcome' and updated_at = created_at
-- seed metadata.dashboard_widgets: updated_at = created_at and dashboard_id in (select id from metadata.dashboards where display_name = 'Welcome')

drop function public.get_user_default_dashboard();
drop function public.get_dashboard(integer);
drop function public.get_dashboards();
drop table metadata.user_dashboard_preferences;
drop table metadata.dashboard_widgets;
drop table metadata.dashboards;
drop table metadata.widget_types;

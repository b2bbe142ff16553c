"""The mutants: each name says what is wrong after the edit."""

from mutants.judges import Mutant, gates, here, suite

COPIER = "copier.yml"
DEPENDENCIES = "includes/dependencies.jinja"
MAKEFILE = "template/Makefile.jinja"
PYPROJECT = "template/pyproject.toml.jinja"
ENV_EXAMPLE = "template/.env.example.jinja"
COMPOSE = "template/compose.yaml.jinja"
DOCKERFILE = "template/docker/Dockerfile.jinja"
GUNICORN = "template/config/gunicorn.conf.py.jinja"
PRODUCTION = "template/config/settings/production.py.jinja"
SETTINGS = "template/config/settings/components"
TELEMETRY = "template/config/telemetry"
CORE, USERS, MAIL, CATALOG, ORDERS = (
    f"template/apps/{name}" for name in ("core", "users", "mail", "catalog", "orders")
)

ORPHANS = "tests/test_orphans.py::test_nothing_mentions_what_an_answer_removed"
GUARDS = "tests/test_guards.py"
CONTRACTS = f"{GUARDS}::test_broken_import_contract_is_refused_by_name"
DELIVERY = "tests/test_delivery.py"
SYNTAX = "tests/test_syntax.py"
TELEMETRY_TESTS = "tests/test_telemetry.py"
ORDER_TRACE = "test_order_request_and_its_task_with_their_queries_are_one_trace"
FAULTS = "tests/faults"
RULES = f"{GUARDS}::test_gate_refuses_each_broken_rule_by_name"

UPDATES = "tests/test_update.py"
LAST_WORD = "tests/test_effective_settings.py::test_project_settings_win_in_every_environment"
ENUMERATION = "apps/users/tests/test_enumeration_by_work.py"


MUTANTS: dict[str, Mutant] = {
    # Rendering, and files that an update keeps.
    "a task file is rendered without Celery": Mutant(
        COPIER, "    apps/users/tasks.py\n", "", here(f"{ORPHANS}[without celery]")
    ),
    "an email template of the example is rendered without the example": Mutant(
        COPIER,
        "    templates/mail/daily_report.txt\n",
        "",
        here("tests/test_example.py::test_project_without_example_has_no_name_of_it"),
    ),
    "the update script is rendered without CI": Mutant(
        COPIER,
        '{% if ci == "none" %}',
        '{% if ci == "nothing" %}',
        here("tests/test_open_update.py::test_update_files_exist_only_for_the_ci_that_uses_them"),
    ),
    "an update overwrites the user's routes": Mutant(
        COPIER,
        "  - config/api.py\n",
        "",
        here("tests/test_render.py::test_files_of_the_user_survive_a_second_render"),
    ),
    "a Copier version that is too old is accepted": Mutant(
        COPIER,
        '_min_copier_version: "9.19.1"',
        '_min_copier_version: "9.17.0"',
        here("tests/test_repository.py::test_oldest_supported_copier_is_within_the_tested_range"),
    ),
    "an undefined name renders as nothing": Mutant(
        COPIER,
        "  undefined: jinja2.StrictUndefined\n",
        "  undefined: jinja2.Undefined\n",
        here("tests/test_render.py::test_undefined_name_stops_the_render"),
    ),
    "a domain name of any length is accepted": Mutant(
        COPIER,
        "domain_name | length > 253 or ",
        "",
        here("tests/test_answers.py::test_invalid_answer_is_refused_with_one_sentence_and_leaves_no_file"),
    ),
    "production imports Sentry without the feature": Mutant(
        PRODUCTION, "{% if sentry %}", "{% if true %}", here(f"{ORPHANS}[without sentry]")
    ),
    "make offers a worker without Celery": Mutant(
        MAKEFILE,
        "{% if celery %}\n\n.PHONY: worker",
        "{% if true %}\n\n.PHONY: worker",
        here(f"{ORPHANS}[without celery]"),
    ),
    "an update overwrites the user's settings": Mutant(
        COPIER,
        "  - config/settings/components/project.py\n",
        "",
        here(f"{UPDATES}::test_recopy_keeps_files_of_the_user_and_shows_others_in_the_diff[default]"),
    ),
    # Dependencies.
    "a dependency is missing": Mutant(DEPENDENCIES, '    "whitenoise>=6.12.0,<7",\n', "", gates("deploy-check")),
    "the password hasher is not installed": Mutant(
        DEPENDENCIES,
        '{"5.2": "django[argon2]',
        '{"5.2": "django',
        suite("tests/test_effective_settings.py::TestProduction::test_passwords_are_hashed_with_argon2"),
    ),
    "the ASGI worker class is not installed": Mutant(
        DEPENDENCIES,
        ', "uvicorn-worker>=0.4.0,<0.5"]',
        "]",
        here("tests/test_production.py::test_gunicorn_serves_with_production_packages_only[asgi]"),
    ),
    # Environment variables.
    "the example environment lists a variable that no setting reads": Mutant(
        ENV_EXAMPLE,
        "#NUM_PROXIES=1",
        "#PROXIES=1",
        suite("tests/test_effective_settings.py::test_every_variable_of_the_example_can_come_from_a_file"),
    ),
    "production starts without Redis": Mutant(
        PRODUCTION,
        '    "REDIS_URL",\n',
        "",
        suite("tests/test_effective_settings.py::TestRequire::test_every_missing_variable_is_named_in_one_message"),
    ),
    "CORS origins are read from another variable": Mutant(
        f"{SETTINGS}/security.py.jinja",
        'env_list("CORS_ORIGINS")',
        'env_list("CORS_ALLOWED")',
        suite("tests/test_effective_settings.py::TestProduction::test_only_named_origins_may_call"),
    ),
    "signing keys are read from another variable": Mutant(
        f"{SETTINGS}/auth.py.jinja",
        'env_list("JWT_SIGNING_KEYS")',
        'env_list("JWT_KEYS")',
        suite("tests/test_effective_settings.py::TestProduction::test_tokens_are_signed_with_their_own_key"),
    ),
    "production overrides the settings in project.py": Mutant(
        PRODUCTION,
        "\nfrom config.settings.components.project import *  # noqa: E402\n",
        "",
        suite(LAST_WORD),
    ),
    "throttle rates in project.py are ignored": Mutant(
        "template/config/settings/base.py.jinja",
        '|= getattr(project, "PROJECT_THROTTLE_RATES", {})',
        "|= {}",
        suite(LAST_WORD),
    ),
    # Middleware.
    "health probes are answered after the host check": Mutant(
        f"{CORE}/middleware.py.jinja",
        'if request.path in ("/livez", "/readyz"):',
        "if False:",
        suite("apps/core/tests/test_middleware.py::test_probe_is_answered_by_ip_address_and_plain_http"),
    ),
    "responses have no request id": Mutant(
        f"{CORE}/middleware.py.jinja",
        '            response["X-Request-ID"] = request.META["HTTP_X_REQUEST_ID"]\n',
        "",
        suite("apps/core/tests/test_middleware.py::test_response_has_the_request_id_of_the_client"),
    ),
    "an exception in an error page is logged by every middleware": Mutant(
        f"{CORE}/access_log.py",
        "elif request.META.get(_LOGGED) != (logged := repr(error)):",
        "elif logged := repr(error):",
        suite("apps/core/tests/test_access_log.py::test_exception_of_the_error_page_is_logged_once_with_its_cause"),
    ),
    "query counting ends with another execute wrapper": Mutant(
        f"{CORE}/access_log.py",
        "execute_wrappers.insert(0, _count_query)",
        "execute_wrappers.append(_count_query)",
        suite("apps/core/tests/test_query_count.py::test_counting_survives_the_end_of_execute_wrapper"),
    ),
    "queries of a reopened connection are counted twice": Mutant(
        f"{CORE}/access_log.py",
        "if _count_query not in connection.execute_wrappers:",
        "if connection.execute_wrappers is not None:",
        suite("apps/core/tests/test_query_count.py::test_reconnect_counts_each_query_once"),
    ),
    "the log is not redacted": Mutant(
        f"{SETTINGS}/logging.py.jinja",
        "    # Last, so that it also sees the traceback.\n    redact,\n",
        "",
        suite("tests/test_logging.py::test_exception_is_logged_once_with_traceback_and_request_id"),
    ),
    "tracebacks in the log are not redacted": Mutant(
        f"{SETTINGS}/logging.py.jinja",
        "    # Last, so that it also sees the traceback.\n    redact,\n]",
        "]\n_processors.insert(0, redact)",
        suite("tests/test_logging.py::test_exception_is_logged_once_with_traceback_and_request_id"),
    ),
    "a task counts the queries of the previous task": Mutant(
        "template/config/celery.py",
        "    start_counting()\n",
        "    query_count()\n",
        suite("tests/test_worker.py::test_task_log_has_the_ids_of_the_request_and_the_number_of_queries"),
    ),
    "a worker has no heartbeat": Mutant(
        "template/config/celery.py",
        'app.steps["worker"].add(HeartbeatStep)\n',
        "",
        suite("tests/test_worker.py::test_heartbeat_stops_with_its_process"),
    ),
    "errors in Sentry have no request id": Mutant(
        f"{SETTINGS}/sentry.py.jinja",
        '{**fields.get("tags", {}), **ids}',
        'fields.get("tags", {})',
        suite("tests/test_sentry.py::test_reports_contain_ids_and_no_personal_data"),
    ),
    "Sentry events are not redacted": Mutant(
        f"{SETTINGS}/sentry.py.jinja",
        "    before_send=_prepare,\n",
        "",
        suite("tests/test_sentry.py::test_reports_contain_ids_and_no_personal_data"),
    ),
    "an error in a task is reported twice": Mutant(
        f"{SETTINGS}/sentry.py.jinja",
        'ignore_logger("django_structlog.celery.receivers")\n',
        "",
        suite("tests/test_sentry_tasks.py"),
    ),
    "requests are not logged": Mutant(
        f"{CORE}/middleware.py.jinja",
        "            log_request(request, response, request.META[_STARTED])\n",
        "",
        suite(
            "apps/core/tests/test_access_log.py::test_access_log_event_has_request_route_status_duration_and_queries"
        ),
    ),
    "pages have no content security policy": Mutant(
        f"{SETTINGS}/http.py.jinja",
        '    "apps.core.middleware.ContentSecurityPolicyMiddleware",\n',
        "",
        suite("tests/test_headers.py::test_every_answer_has_the_same_headers"),
    ),
    "static files are not served": Mutant(
        f"{SETTINGS}/http.py.jinja",
        '    "whitenoise.middleware.WhiteNoiseMiddleware",\n',
        "",
        here("tests/test_production.py::test_gunicorn_serves_with_production_packages_only[wsgi]"),
    ),
    "responses have no CORS headers": Mutant(
        f"{SETTINGS}/http.py.jinja",
        '    "corsheaders.middleware.CorsMiddleware",\n',
        "",
        suite("apps/core/tests/test_middleware.py::test_cors_headers_are_set_for_the_api_and_not_for_pages"),
    ),
    "responses have no X-Frame-Options header": Mutant(
        f"{SETTINGS}/http.py.jinja",
        '    "django.middleware.clickjacking.XFrameOptionsMiddleware",\n',
        "",
        gates("deploy-check"),
    ),
    "a locked sign-in gets no lockout response": Mutant(
        f"{SETTINGS}/http.py.jinja",
        '    "axes.middleware.AxesMiddleware",\n',
        "",
        suite("apps/users/tests/test_lockout.py::test_failed_sign_ins_lock_the_account"),
    ),
    # Permissions.
    "the API is open unless a view says otherwise": Mutant(
        f"{SETTINGS}/api.py.jinja",
        "rest_framework.permissions.IsAuthenticated",
        "rest_framework.permissions.AllowAny",
        suite("tests/test_endpoints.py::test_caller_gets_the_status_in_the_table"),
    ),
    "the catalog cannot be read without an account": Mutant(
        f"{CATALOG}/views.py",
        '    permission_classes = (IsAdminOrReadOnly,)\n    throttle_scope = "public"\n    filterset_class',
        '    throttle_scope = "public"\n    filterset_class',
        suite("tests/test_endpoints.py::test_caller_gets_the_status_in_the_table"),
    ),
    "statistics are open to every user": Mutant(
        f"{CATALOG}/views.py",
        "@action(detail=True, permission_classes=[IsManager])",
        "@action(detail=True)",
        suite("tests/test_endpoints.py::test_caller_gets_the_status_in_the_table"),
    ),
    "IsOwner accepts objects of other users": Mutant(
        f"{CORE}/permissions.py",
        "bool(getattr(obj, self.owner_field) == request.user)",
        "hasattr(obj, self.owner_field)",
        suite("apps/core/tests/test_permissions.py::test_is_owner_allows_only_the_owner"),
    ),
    "the orders of others can be read": Mutant(
        f"{ORDERS}/selectors.py",
        "Order.objects.filter(customer=customer).prefetch_related",
        "Order.objects.prefetch_related",
        suite("apps/orders/tests/test_views.py::test_orders_of_other_users_are_not_found"),
    ),
    "the orders of others can be cancelled": Mutant(
        f"{ORDERS}/selectors.py",
        "Order.objects.filter(customer=customer).only",
        "Order.objects.only",
        suite("apps/orders/tests/test_views.py::test_orders_of_other_users_are_not_found"),
    ),
    "customers share a summary": Mutant(
        f"{ORDERS}/selectors.py",
        'return f"orders.summary.{customer_id}"',
        'return f"orders.summary.{str(customer_id)[:0]}"',
        suite("apps/orders/tests/test_views.py::test_summary_is_of_the_caller"),
    ),
    "an address with an account gets no email (enumeration)": Mutant(
        f"{USERS}/services.py",
        '        mail_send(recipient=email, template="account_exists", context=_reset_context(user))\n',
        '        log.info("account_exists")\n',
        suite(f"{ENUMERATION}::test_response_takes_the_same_work_for_every_address"),
    ),
    "an address without an account gets no reset email (enumeration)": Mutant(
        f"{USERS}/services.py",
        "    context = _reset_context(user or User(email=email))\n",
        "    if user is None:\n        return\n    context = _reset_context(user)\n",
        suite(f"{ENUMERATION}::test_response_takes_the_same_work_for_every_address"),
    ),
    # Throttling.
    "throttle scopes are ignored": Mutant(
        f"{CORE}/throttling.py",
        'getattr(view, "throttle_scope", None) or ("user" if user else "anon")',
        '"user" if user else "anon"',
        suite("apps/users/tests/test_throttling.py::test_endpoint_is_throttled_by_scope"),
    ),
    "emails to one address are not throttled": Mutant(
        f"{USERS}/views.py",
        '        count_or_refuse("mail", f"{self.throttle_scope}:{email}")\n',
        "",
        suite("apps/users/tests/test_throttling.py::test_emails_to_one_address_are_throttled_across_clients"),
    ),
    "requests are not counted in memory": Mutant(
        f"{CORE}/rate_limits.py",
        "            _unused.update(unused)\n",
        "            pass\n",
        suite("apps/core/tests/test_rate_limits.py::test_of_parallel_requests_exactly_the_allowed_number_pass"),
    ),
    "a refused request uses up a rate": Mutant(
        f"{CORE}/rate_limits.py",
        "if wait == 0 then\n",
        "if true then\n",
        suite("apps/core/tests/test_rate_limits.py::test_request_that_one_rate_refuses_is_counted_by_none"),
    ),
    "refused requests are not counted": Mutant(
        f"{CORE}/exceptions/problems.py",
        "        error = _throttled(context) or exc\n",
        "        error = exc\n",
        suite("apps/users/tests/test_throttling.py::test_calls_without_a_token_are_counted"),
    ),
    "a closed connection is not checked": Mutant(
        f"{CORE}/database/pool.py",
        " and not socket.poll(0)\n",
        "\n",
        suite("apps/core/tests/test_database_pool.py"),
    ),
    "the throttle rate of sign-ins is high": Mutant(
        f"{SETTINGS}/api.py.jinja",
        '"token": "30/min"',
        '"token": "3000/min"',
        suite(
            "apps/core/tests/test_throttling_defaults.py::test_rates_against_guessing_and_mail_are_lower_than_the_general_rates"
        ),
    ),
    "password changes are not throttled": Mutant(
        f"{USERS}/views.py",
        '    throttle_scope = "password"\n\n',
        "",
        suite("apps/users/tests/test_throttling.py::test_endpoint_is_throttled_by_scope"),
    ),
    "failed sign-ins do not lock the account": Mutant(
        f"{SETTINGS}/auth.py.jinja",
        '    "axes.backends.AxesStandaloneBackend",\n',
        "",
        suite("apps/users/tests/test_lockout.py::test_failed_sign_ins_lock_the_account"),
    ),
    # Locks.
    "stock is not locked": Mutant(
        f"{CATALOG}/services.py",
        'products.select_for_update(of=("self",), no_key=True).defer',
        "products.defer",
        suite(
            "apps/catalog/tests/test_locking.py::test_first_query_locks_all_rows_ordered_by_primary_key",
            "apps/catalog/tests/test_locking.py::test_twenty_concurrent_reservations_of_five_units_are_never_oversold",
        ),
    ),
    "products are locked in random order": Mutant(
        f"{CATALOG}/services.py",
        '.defer("description").order_by("pk"))',
        '.defer("description").order_by("?"))',
        suite("apps/catalog/tests/test_locking.py::test_first_query_locks_all_rows_ordered_by_primary_key"),
    ),
    "an import locks products in another order": Mutant(
        f"{CATALOG}/import_export.py",
        'existing.order_by("pk")',
        'existing.order_by("-pk")',
        suite("apps/catalog/tests/test_locking.py::test_import_locks_existing_products_by_primary_key"),
    ),
    "an order is not locked when its status changes": Mutant(
        f"{ORDERS}/services.py.jinja",
        'Order.objects.select_for_update(of=("self",), no_key=True).get',
        "Order.objects.get",
        suite("apps/orders/tests/test_services.py", "tests/test_selling.py"),
    ),
    "an order is not locked when it is confirmed": Mutant(
        f"{ORDERS}/confirmation.py",
        '.select_for_update(of=("self",), no_key=True)',
        "",
        suite(
            "apps/orders/tests/test_confirmation.py::test_order_is_confirmed_once_by_concurrent_calls",
            "apps/orders/tests/test_order_details.py::test_waiting_confirmation_reads_the_current_order",
        ),
    ),
    "confirming an order locks its customer": Mutant(
        f"{ORDERS}/confirmation.py",
        'select_for_update(of=("self",), no_key=True)',
        "select_for_update(no_key=True)",
        suite("apps/orders/tests/test_order_details.py::test_confirmation_does_not_lock_the_customer"),
    ),
    "concurrent refreshes all succeed (refresh race)": Mutant(
        f"{USERS}/sessions.py",
        'filter(pk=session.pk, refresh_id=token["jti"])',
        "filter(pk=session.pk)",
        suite("apps/users/tests/test_sessions.py::test_concurrent_refreshes_with_one_token_have_one_winner"),
    ),
    "a user is not locked when a password is reset": Mutant(
        f"{USERS}/managers.py",
        "self.select_for_update(no_key=True).filter",
        "self.filter",
        suite("apps/users/tests/test_passwords.py::test_concurrent_uses_of_one_reset_link_have_one_winner"),
    ),
    "changing a user blocks their orders": Mutant(
        f"{USERS}/managers.py",
        "self.select_for_update(no_key=True)",
        "self.select_for_update()",
        suite("apps/orders/tests/test_order_details.py::test_customer_whose_account_is_locked_can_order"),
    ),
    # Indexes, constraints, queries.
    "an index is missing from its model": Mutant(
        f"{ORDERS}/models.py",
        '            models.Index(fields=["customer", "-id"], name="orders_order_of_customer"),\n',
        "",
        gates("migrations-check"),
    ),
    "a covering index has no included column": Mutant(
        f"{ORDERS}/migrations/0001_initial.py",
        'fields=["paid_at"],\n                        include=["amount"],\n',
        'fields=["paid_at"],\n',
        gates("migrations-check"),
    ),
    "stock may be negative": Mutant(
        f"{CATALOG}/migrations/0001_initial.py", "Q(stock__gte=0)", "Q(stock__gte=-9)", gates("migrations-check")
    ),
    "the product list queries each category (N+1)": Mutant(
        f"{CATALOG}/selectors.py",
        '.filter(is_active=True).select_related("category").defer',
        ".filter(is_active=True).defer",
        suite("apps/catalog/tests/test_selectors.py::test_list_reads_categories_in_the_same_query_and_no_descriptions"),
    ),
    "the order list reads unused columns": Mutant(
        f"{ORDERS}/selectors.py",
        '.only("status", "amount", "item_count", "created_at")',
        "",
        suite("apps/orders/tests/test_selectors.py::test_list_does_not_read_the_notes"),
    ),
    "an order's items are not prefetched (N+1)": Mutant(
        f"{ORDERS}/selectors.py",
        ".prefetch_related(items_prefetch())",
        "",
        suite("apps/orders/tests/test_selectors.py::test_orders_and_their_items_are_read_in_two_queries"),
    ),
    "one product needs two queries": Mutant(
        f"{CATALOG}/selectors.py",
        'Product.objects.select_related("category").filter(pk=product_id)',
        "Product.objects.filter(pk=product_id)",
        suite("tests/test_endpoints.py::test_number_of_queries_does_not_depend_on_the_number_of_rows"),
    ),
    "tests do not notice N+1 queries": Mutant(
        "template/config/settings/test.py.jinja",
        'MIDDLEWARE = [*MIDDLEWARE, "zeal.middleware.zeal_middleware"]\n',
        "",
        here(f"{GUARDS}::test_endpoint_table_and_query_guard_notice_each_edit"),
    ),
    "an endpoint without a row passes": Mutant(
        "template/tests/test_endpoints.py",
        "    assert not names - set(rows), ",
        "    assert not set(rows) - set(rows), ",
        here(f"{GUARDS}::test_endpoint_table_and_query_guard_notice_each_edit"),
    ),
    "the permission matrix accepts any status": Mutant(
        "template/tests/test_endpoints.py",
        "    assert response.status_code == endpoint.statuses[caller]\n",
        "    assert response.status_code\n",
        here(f"{GUARDS}::test_endpoint_table_and_query_guard_notice_each_edit"),
    ),
    "a cursor on a field that is not unique is accepted": Mutant(
        f"{CORE}/pagination.py",
        'if not getattr(self.position_field, "unique", False) or self.position_field.null:',
        "if False:",
        suite("apps/core/tests/test_pagination.py::test_ordering_by_a_field_that_is_not_unique_is_refused"),
    ),
    "an invalid cursor reaches the database": Mutant(
        f"{CORE}/pagination.py",
        "                self.position_field.to_python(cursor.position)\n",
        "",
        suite("apps/core/tests/test_pagination.py::test_invalid_cursor_gets_404"),
    ),
    # Timeouts, pools and shutdown.
    "statements have no time limit": Mutant(
        f"{SETTINGS}/database.py.jinja",
        "-c statement_timeout={env.int('DATABASE_STATEMENT_TIMEOUT', 25_000)}",
        "-c work_mem={env.int('DATABASE_STATEMENT_TIMEOUT', 25_000)}",
        suite("tests/test_gunicorn_and_database.py::test_query_ends_before_its_worker_is_killed"),
    ),
    "waiting for a lock has no time limit": Mutant(
        f"{SETTINGS}/database.py.jinja",
        " -c lock_timeout=5000",
        "",
        suite("tests/test_gunicorn_and_database.py::test_locks_and_idle_transactions_have_time_limits"),
    ),
    "an idle transaction stays open": Mutant(
        f"{SETTINGS}/database.py.jinja",
        " -c idle_in_transaction_session_timeout=60000",
        "",
        suite("tests/test_gunicorn_and_database.py::test_locks_and_idle_transactions_have_time_limits"),
    ),
    "connecting to a hanging database has no time limit": Mutant(
        f"{SETTINGS}/database.py.jinja",
        '        "connect_timeout": 3,\n',
        "",
        suite(
            "tests/test_effective_pool.py::test_production_pools_database_connections",
            "tests/test_effective_settings.py::TestProduction::test_database_connections_are_checked_and_time_out",
        ),
    ),
    "waiting for a pooled connection takes too long": Mutant(
        f"{SETTINGS}/database.py.jinja",
        '"timeout": 0.75,',
        '"timeout": 500,',
        suite("tests/test_effective_pool.py::test_production_pools_database_connections"),
    ),
    "the pool reconnects only after minutes": Mutant(
        f"{SETTINGS}/database.py.jinja",
        '"reconnect_timeout": 0.25,',
        '"reconnect_timeout": 300,',
        suite("tests/test_effective_pool.py::test_production_pools_database_connections"),
    ),
    "connections closed by a restart are tried one by one": Mutant(
        f"{SETTINGS}/database.py.jinja",
        '            "connection_class": PooledConnection,\n',
        "",
        suite("apps/core/tests/test_database_pool.py::test_first_request_after_a_restart_gets_a_working_connection"),
    ),
    "connections are not checked before use": Mutant(
        f"{SETTINGS}/database.py.jinja",
        '"CONN_HEALTH_CHECKS": True',
        '"CONN_HEALTH_CHECKS": False',
        here(f"{FAULTS}/test_postgres_unavailable.py::test_restart_between_requests_fails_no_request"),
    ),
    "a database shutdown is not mapped to 503": Mutant(
        f"{CORE}/database/errors.py",
        '"57P01", ',
        "",
        suite(
            "apps/core/tests/test_database_errors.py::test_exception_is_a_database_error_by_its_sqlstate",
            "apps/core/tests/test_database_errors.py::test_terminated_connection_is_answered_with_503_and_logged_once",
        ),
    ),
    "an unavailable database outside of API views gets 500": Mutant(
        f"{CORE}/exceptions/problems.py",
        "    reason = unavailable_reason(sys.exception())\n",
        "    reason = unavailable_reason(None)\n",
        suite("apps/core/tests/test_database_errors.py"),
    ),
    "database errors are not logged": Mutant(
        f"{CORE}/database/errors.py",
        '    log.warning("database_error"',
        '    log.debug("database_error"',
        suite(
            "apps/core/tests/test_database_errors.py::test_terminated_connection_is_answered_with_503_and_logged_once"
        ),
    ),
    "health checks of a hanging database pile up": Mutant(
        f"{CORE}/database/health.py",
        "if not _queries or _queries[-1].done():",
        "if True:",
        suite(
            "apps/core/tests/test_database_health.py::test_probes_of_a_hanging_database_time_out_and_share_one_query"
        ),
    ),
    "there are more threads than pooled connections": Mutant(
        GUNICORN,
        '"WEB_THREADS", "4"',
        '"WEB_THREADS", "16"',
        suite("tests/test_gunicorn_and_database.py::test_each_thread_of_a_worker_can_have_a_connection"),
    ),
    "a host with many CPUs starts too many workers": Mutant(
        GUNICORN,
        "min(8, os.cpu_count() or 1)",
        "10 * (os.cpu_count() or 1)",
        suite("tests/test_gunicorn.py::test_default_number_of_workers_is_limited_on_large_hosts"),
    ),
    "the project is not preloaded before workers are forked": Mutant(
        GUNICORN,
        "preload_app = True",
        "preload_app = False",
        suite("tests/test_gunicorn.py::test_workers_share_memory_and_touch_their_heartbeat_in_memory"),
    ),
    "the heartbeat file of a worker is on the disk": Mutant(
        GUNICORN,
        'Path("/dev/shm").is_dir()',
        'Path("/dev/none").is_dir()',
        suite("tests/test_gunicorn.py::test_workers_share_memory_and_touch_their_heartbeat_in_memory"),
    ),
    "readiness is not withdrawn during graceful shutdown": Mutant(
        f"{CORE}/middleware.py.jinja",
        "if is_shutting_down():",
        "if False:",
        suite(
            "apps/core/tests/test_graceful_shutdown.py::test_sigterm_fails_the_readiness_probe_and_stops_the_server_later"
        ),
    ),
    "graceful shutdown does not wait for the load balancer": Mutant(
        f"{CORE}/graceful_shutdown.py",
        "if is_shutting_down() or not seconds:",
        "if True:",
        here(f"{FAULTS}/test_stopping.py::test_stopping_server_fails_its_probe_before_it_refuses_requests[wsgi]"),
    ),
    "the worker timeout is shorter than the statement timeout": Mutant(
        GUNICORN,
        "timeout = graceful_timeout = 30",
        "timeout = graceful_timeout = 20",
        suite("tests/test_gunicorn_and_database.py::test_query_ends_before_its_worker_is_killed"),
    ),
    "a hanging cache delays orders": Mutant(
        f"{SETTINGS}/cache.py.jinja",
        '"SOCKET_TIMEOUT": 0.5',
        '"SOCKET_TIMEOUT": 8',
        here("tests/test_orders.py::test_order_is_placed_without_redis_and_confirmed_when_redis_is_back[hanging]"),
    ),
    "an unavailable cache is an error": Mutant(
        f"{SETTINGS}/cache.py.jinja",
        '"IGNORE_EXCEPTIONS": True',
        '"IGNORE_EXCEPTIONS": False',
        suite("apps/core/tests/test_circuit_breaker.py::test_without_redis_requests_succeed_and_sessions_are_kept"),
    ),
    "the circuit breaker never opens": Mutant(
        f"{CORE}/circuit_breaker.py",
        "            _open_until[self.connection_pool] = time.monotonic() + OPEN_SECONDS\n",
        "",
        suite("apps/core/tests/test_circuit_breaker.py::test_open_circuit_asks_a_silent_server_once"),
    ),
    "a hanging broker delays requests that send tasks": Mutant(
        f"{SETTINGS}/celery.py.jinja",
        '"socket_connect_timeout": 0.5, "socket_timeout": 0.5}',
        '"socket_connect_timeout": 5, "socket_timeout": 5}',
        suite("tests/test_celery_configuration.py::test_publishing_without_a_broker_fails_after_one_short_attempt"),
    ),
    "a hanging mail server has no time limit": Mutant(
        f"{SETTINGS}/mail.py.jinja",
        "EMAIL_TIMEOUT = 5",
        "EMAIL_TIMEOUT = None",
        suite("tests/test_effective_settings.py::test_mail_goes_to_email_url_and_times_out"),
    ),
    # Browser security.
    "the CSRF cookie is sent without TLS": Mutant(
        PRODUCTION, "CSRF_COOKIE_SECURE = True", "CSRF_COOKIE_SECURE = False", gates("deploy-check")
    ),
    "HSTS does not include subdomains": Mutant(
        PRODUCTION,
        'env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=True)',
        'env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)',
        gates("deploy-check"),
    ),
    "the proxy's X-Forwarded-Proto header is ignored": Mutant(
        PRODUCTION,
        'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")\n',
        "",
        here("tests/test_production.py::test_gunicorn_serves_with_production_packages_only[wsgi]"),
    ),
    "inline scripts are allowed": Mutant(
        f"{SETTINGS}/security.py.jinja",
        '"script-src": [SELF, NONCE]',
        '"script-src": [SELF, "\'unsafe-inline\'"]',
        suite("tests/test_headers.py::test_every_answer_has_the_same_headers"),
    ),
    "inline styles are allowed on every page": Mutant(
        f"{SETTINGS}/security.py.jinja",
        '"style-src": [SELF, NONCE]',
        '"style-src": [SELF, "\'unsafe-inline\'"]',
        suite("tests/test_headers.py::test_only_the_pages_of_the_documentation_style_themselves"),
    ),
    "templates have no CSP nonce": Mutant(
        f"{SETTINGS}/http.py.jinja",
        '                "csp.context_processors.nonce",\n',
        "",
        suite("tests/test_headers.py::test_a_script_in_a_page_runs_by_a_nonce_that_is_good_once"),
    ),
    "the API documentation has no styles": Mutant(
        "template/config/urls.py.jinja",
        "allow_inline_styles(redoc)",
        "redoc",
        suite("tests/test_headers.py::test_only_the_pages_of_the_documentation_style_themselves"),
    ),
    "responses lack the extra security headers": Mutant(
        f"{CORE}/middleware.py.jinja",
        "            response.headers.setdefault(name, value)\n",
        "            response.headers.get(name, value)\n",
        suite("tests/test_headers.py::test_every_answer_has_the_same_headers"),
    ),
    "responses have no Cross-Origin-Resource-Policy header": Mutant(
        f"{SETTINGS}/security.py.jinja",
        '    "Cross-Origin-Resource-Policy": "same-origin",\n',
        "",
        suite("tests/test_headers.py::test_every_answer_has_the_same_headers"),
    ),
    "static files are open to every origin": Mutant(
        f"{SETTINGS}/http.py.jinja",
        "WHITENOISE_ALLOW_ALL_ORIGINS = False",
        "WHITENOISE_ALLOW_ALL_ORIGINS = True",
        suite("tests/test_headers.py::test_no_other_origin_reads_anything"),
    ),
    "request bodies have no size limit": Mutant(
        f"{SETTINGS}/http.py.jinja",
        '    "apps.core.middleware.BodyLimitMiddleware",\n',
        "",
        suite("apps/core/tests/test_middleware.py::test_body_that_is_too_large_or_of_unknown_length_is_refused_unread"),
    ),
    "forms have no limit on fields": Mutant(
        f"{SETTINGS}/security.py.jinja",
        "CSRF_FAILURE_VIEW =",
        "DATA_UPLOAD_MAX_NUMBER_FIELDS = None\nCSRF_FAILURE_VIEW =",
        suite("apps/core/tests/test_middleware.py::test_form_with_too_many_fields_or_files_is_refused"),
    ),
    "forms have no limit on files": Mutant(
        f"{SETTINGS}/security.py.jinja",
        "DATA_UPLOAD_MAX_NUMBER_FILES = 10",
        "DATA_UPLOAD_MAX_NUMBER_FILES = None",
        suite("apps/core/tests/test_middleware.py::test_form_with_too_many_fields_or_files_is_refused"),
    ),
    "staging does not ask for HSTS preload": Mutant(
        "template/config/settings/staging.py",
        "from config.settings.production import *\n",
        "from config.settings.production import *\n\nSECURE_HSTS_PRELOAD = False\n",
        gates("deploy-check"),
    ),
    "the content security policy allows framing": Mutant(
        f"{SETTINGS}/security.py.jinja",
        '"frame-ancestors": [NONE]',
        '"frame-ancestors": ["*"]',
        suite("tests/test_api_docs.py"),
    ),
    "CORS headers are sent outside the API": Mutant(
        f"{SETTINGS}/security.py.jinja",
        'CORS_URLS_REGEX = r"^/api/.*$"',
        'CORS_URLS_REGEX = r"^/.*$"',
        suite("apps/core/tests/test_middleware.py::test_cors_headers_are_set_for_the_api_and_not_for_pages"),
    ),
    # Sessions and passwords.
    "a new password does not invalidate tokens": Mutant(
        f"{USERS}/selectors.py",
        "user if user and user.session_fingerprint == user.password_fingerprint else None",
        "user",
        suite("apps/users/tests/test_sessions.py"),
    ),
    "the library's view refreshes tokens": Mutant(
        f"{USERS}/urls.py",
        "views.TokenRefreshView.as_view()",
        '__import__("rest_framework_simplejwt.views", fromlist=["views"]).TokenRefreshView.as_view()',
        suite("apps/users/tests/test_sessions.py"),
    ),
    "a used refresh token works again": Mutant(
        f"{USERS}/sessions.py",
        'if session and session.refresh_id != token["jti"]:',
        "if False:",
        suite("apps/users/tests/test_sessions.py::test_refresh_token_reuse_revokes_session"),
    ),
    "an outer transaction can roll back a revocation": Mutant(
        f"{USERS}/sessions.py",
        "transaction.atomic(durable=True)",
        "transaction.atomic()",
        suite(
            "apps/users/tests/test_session_internals.py::test_revocation_refuses_an_outer_transaction_that_could_roll_it_back"
        ),
    ),
    "a password reset link works twice": Mutant(
        f"{USERS}/email_tokens.py",
        "if user is None or not default_token_generator.check_token(user, signature):",
        "if user is None:",
        suite("apps/users/tests/test_passwords.py::test_token_works_once"),
    ),
    "a registration link never expires": Mutant(
        f"{USERS}/email_tokens.py",
        "max_age=settings.EMAIL_VERIFICATION_TIMEOUT",
        "max_age=None",
        suite("apps/users/tests/test_passwords.py::test_token_expires"),
    ),
    # Tasks.
    "tasks are acknowledged before they run": Mutant(
        f"{SETTINGS}/celery.py.jinja",
        "CELERY_TASK_ACKS_LATE = True",
        "CELERY_TASK_ACKS_LATE = False",
        here(f"{FAULTS}/test_tasks.py::test_task_of_killed_worker_stays_in_broker"),
    ),
    "a task of a killed worker counts as done": Mutant(
        f"{SETTINGS}/celery.py.jinja",
        "CELERY_TASK_REJECT_ON_WORKER_LOST = True",
        "CELERY_TASK_REJECT_ON_WORKER_LOST = False",
        here(f"{FAULTS}/test_tasks.py::test_task_of_killed_pool_process_runs_again"),
    ),
    "the visibility timeout is shorter than a task": Mutant(
        f"{SETTINGS}/celery.py.jinja",
        '"visibility_timeout": 600',
        '"visibility_timeout": 60',
        suite("tests/test_effective_settings_of_celery.py::test_production_loses_no_task_with_its_worker"),
    ),
    "task results are stored": Mutant(
        f"{SETTINGS}/celery.py.jinja",
        "CELERY_TASK_IGNORE_RESULT = True",
        "CELERY_TASK_IGNORE_RESULT = False",
        suite("tests/test_effective_settings_of_celery.py::test_production_loses_no_task_with_its_worker"),
    ),
    "workers prefetch tasks": Mutant(
        f"{SETTINGS}/celery.py.jinja",
        "CELERY_WORKER_DISABLE_PREFETCH = True",
        "CELERY_WORKER_DISABLE_PREFETCH = False",
        suite("tests/test_effective_settings_of_celery.py::test_production_loses_no_task_with_its_worker"),
    ),
    "unconfirmed orders are not retried": Mutant(
        f"{SETTINGS}/celery.py.jinja",
        '    "confirm-orders": {"task": "apps.orders.tasks.orders_confirm_due_task", "schedule": crontab()},\n',
        "",
        suite("apps/orders/tests/test_tasks.py::test_periodic_tasks_are_scheduled"),
    ),
    "task workers use a connection pool": Mutant(
        "template/config/celery.py",
        '.pop("pool", None)',
        '.get("pool", None)',
        suite("tests/test_celery_configuration.py::test_worker_uses_plain_connections_and_gives_redis_more_time"),
    ),
    # Transactions.
    "two processes send one email (outbox)": Mutant(
        f"{MAIL}/delivery.py",
        "retry_at__lte=now, sending_started_at=None)\n    # One",
        "retry_at__lte=now)\n    # One",
        suite("apps/mail/tests/test_outbox.py::test_of_eight_parallel_deliveries_one_sends"),
    ),
    "an email that failed is never retried": Mutant(
        f"{MAIL}/delivery.py",
        "    mail.sending_started_at = None\n",
        "",
        suite("apps/mail/tests/test_delivery.py::test_failed_email_is_retried_with_backoff"),
    ),
    "an unknown error of an email backend stops the delivery": Mutant(
        f"{MAIL}/delivery.py",
        "except Exception as error:  # noqa: BLE001 - each email backend has its own errors",
        "except OSError as error:",
        suite("apps/mail/tests/test_outbox.py::test_error_of_django_anymail_is_retried"),
    ),
    "an email is sent before the commit": Mutant(
        f"{MAIL}/services.py.jinja",
        "transaction.on_commit(send, robust=True)",
        "send()",
        suite("apps/mail/tests/test_delivery.py::test_email_is_sent_after_the_commit_as_text_and_html"),
    ),
    "placing an order is not atomic": Mutant(
        f"{ORDERS}/services.py.jinja",
        "@transaction.atomic\ndef order_create",
        "def order_create",
        suite("apps/orders/tests/test_order_details.py::test_killed_process_leaves_no_partial_order"),
    ),
    "an order fails when the broker is unavailable": Mutant(
        f"{ORDERS}/services.py.jinja",
        "transaction.on_commit(confirm, robust=True)",
        "transaction.on_commit(confirm)",
        suite("apps/orders/tests/test_task_details.py::test_order_is_kept_while_the_broker_is_unavailable"),
    ),
    "the cache is invalidated before the commit": Mutant(
        f"{CORE}/caching.py",
        "transaction.on_commit(lambda: cache.delete_many([_version_key(name) for name in names]), robust=True)",
        "cache.delete_many([_version_key(name) for name in names])",
        suite("apps/core/tests/test_caching.py::test_values_are_invalidated_when_the_transaction_commits"),
    ),
    "a value computed from old data is returned": Mutant(
        f"{CORE}/caching.py",
        'cache_key = f"cached:{name}:{version}:',
        'cache_key = f"cached:{name}:',
        suite("apps/core/tests/test_caching.py::test_value_computed_from_old_data_is_not_returned"),
    ),
    "every concurrent caller computes the value": Mutant(
        f"{CORE}/caching.py",
        'cache.add(lock, "", LOCK_SECONDS)',
        "True",
        suite("apps/core/tests/test_caching.py::test_one_of_ten_concurrent_callers_computes"),
    ),
    # Idempotency.
    "the order of keys changes the hash of a request body": Mutant(
        f"{CORE}/idempotency.py",
        "json.dumps([operation, request], sort_keys=True)",
        "json.dumps([operation, request])",
        suite("apps/core/tests/test_idempotency.py::test_retried_request_gets_the_stored_response"),
    ),
    "an idempotency key can be used for any request": Mutant(
        f"{CORE}/idempotency.py",
        "if stored.request_hash != request_hash:",
        "if not stored.request_hash:",
        suite("apps/core/tests/test_idempotency.py::test_key_of_another_request_is_refused"),
    ),
    "a response is replayed to another user": Mutant(
        f"{CORE}/idempotency.py",
        "IdempotencyKey.objects.filter(user_id=user.pk, key=key)",
        "IdempotencyKey.objects.filter(key=key)",
        suite("apps/core/tests/test_idempotency.py::test_response_is_not_replayed_to_another_user"),
    ),
    "the constraint of idempotency keys ignores the user": Mutant(
        f"{CORE}/models.py", 'fields=["user", "key"]', 'fields=["key"]', gates("migrations-check")
    ),
    "problem documents have no request id": Mutant(
        f"{CORE}/exceptions/problems.py",
        'structlog.contextvars.get_contextvars().get("request_id")',
        "None",
        suite("apps/core/tests/test_problems.py"),
    ),
    "throttled responses have no Retry-After": Mutant(
        f"{CORE}/exceptions/problems.py",
        "    response = exception_handler(error, context)\n",
        '    response = exception_handler(error, {})\n    if response:\n        del response["Retry-After"]\n',
        suite("apps/core/tests/test_throttling.py::test_throttled_request_gets_429_with_retry_after"),
    ),
    "a deadlock is not mapped to 503": Mutant(
        f"{CORE}/database/errors.py",
        ', "40P01")',
        ")",
        suite("apps/core/tests/test_database_errors.py::test_exception_is_a_database_error_by_its_sqlstate"),
    ),
    # Problem documents.
    "API errors are not problem documents (RFC 9457)": Mutant(
        f"{CORE}/exceptions/problems.py",
        'CONTENT_TYPE = "application/problem+json"',
        'CONTENT_TYPE = "application/json"',
        suite("apps/core/tests/test_problems.py::test_api_error_is_a_problem_document"),
    ),
    # Logs and Sentry.
    "secret fields are not redacted": Mutant(
        f"{CORE}/redaction.py",
        "if _is_secret(name):",
        "if name is None:",
        suite("apps/core/tests/test_redaction.py::test_secret_field_is_redacted"),
    ),
    "passwords in URLs are not redacted": Mutant(
        f"{CORE}/redaction.py",
        r'return _URL_PASSWORD.sub(rf"\1{REDACTED}@", value)',
        "return value",
        suite("apps/core/tests/test_redaction.py::test_password_in_a_url_is_redacted"),
    ),
    "query strings are logged": Mutant(
        f"{CORE}/access_log.py",
        "{request.method} {request.path}",
        "{request.method} {request.get_full_path()}",
        suite(
            "apps/core/tests/test_access_log.py::test_access_log_event_has_request_route_status_duration_and_queries"
        ),
    ),
    "unsafe request ids are logged": Mutant(
        f"{CORE}/middleware.py.jinja",
        "_REQUEST_ID.fullmatch(request_id)",
        "_REQUEST_ID.match(request_id)",
        suite("apps/core/tests/test_middleware.py::test_unsafe_request_id_is_replaced"),
    ),
    "the lockout log contains the email address": Mutant(
        f"{USERS}/lockout.py",
        'log.warning("sign_in_locked_out", path=request.path)',
        'log.warning("sign_in_locked_out", account=arguments)',
        suite("apps/users/tests/test_lockout_internals.py::test_log_has_neither_the_email_address_nor_the_ip_address"),
    ),
    "Sentry events contain local variables": Mutant(
        f"{SETTINGS}/sentry.py.jinja",
        '"stack_frame_variables": False',
        '"stack_frame_variables": True',
        suite("tests/test_sentry.py"),
    ),
    "Sentry events contain query data": Mutant(
        f"{SETTINGS}/sentry.py.jinja",
        '"database_query_data": False',
        '"database_query_data": True',
        suite("tests/test_sentry.py"),
    ),
    # Traces and metrics.
    "traces contain query strings": Mutant(
        f"{TELEMETRY}/exporting.py",
        '"url.full", "url.query", ',
        '"url.full", ',
        suite("tests/test_telemetry.py", project="largest"),
    ),
    "traces contain exception messages": Mutant(
        f"{TELEMETRY}/exporting.py",
        "status=trace.Status(span.status.status_code)",
        "status=span.status",
        suite("tests/test_telemetry.py", project="largest"),
    ),
    "traces contain SQL values": Mutant(
        f"{TELEMETRY}/exporting.py",
        'SQL_LITERAL.sub("?", str(kept["db.query.text"]))',
        'str(kept["db.query.text"])',
        suite("tests/test_telemetry.py", project="largest"),
    ),
    "health probes are traced": Mutant(
        f"{TELEMETRY}/apps.py.jinja",
        'settings.MIDDLEWARE.index("apps.core.middleware.RequestMiddleware") + 1',
        "0",
        suite("tests/test_telemetry.py", project="largest"),
    ),
    "queries outside a request are traced": Mutant(
        f"{TELEMETRY}/exporting.py",
        "span.kind is trace.SpanKind.CLIENT",
        "span.kind is trace.SpanKind.PRODUCER",
        suite("tests/test_telemetry.py", project="largest"),
    ),
    "each unknown HTTP method is a metric series": Mutant(
        f"{TELEMETRY}/metrics.py",
        'request.method if request.method in METHODS else "_OTHER"',
        "request.method",
        suite("tests/test_telemetry.py", project="largest"),
    ),
    "an ASGI worker loses its last spans": Mutant(
        "template/config/gunicorn.conf.py.jinja",
        "    signal.signal(signal.SIGTERM, lambda *_: sys.exit())\n",
        "    signal.signal(signal.SIGUSR2, lambda *_: sys.exit())\n",
        here(f"{TELEMETRY_TESTS}::test_replaced_and_stopped_web_workers_export_all_their_requests[asgi]"),
    ),
    "a task worker loses its last spans": Mutant(
        f"{TELEMETRY}/celery.py",
        "signals.worker_process_shutdown.connect(exporting.stop)\n",
        "",
        here(f"{TELEMETRY_TESTS}::{ORDER_TRACE}[wsgi]"),
    ),
    "a task that is not due counts as late": Mutant(
        f"{TELEMETRY}/celery.py",
        "time.time() - max(sent, due)",
        "time.time() - sent",
        here(f"{TELEMETRY_TESTS}::{ORDER_TRACE}[wsgi]"),
    ),
    "a panel uses a metric that is not exported": Mutant(
        "template/deploy/monitoring/dashboard.json",
        "sum(http_server_active_requests",
        "sum(http_server_requests_active",
        here(f"{TELEMETRY_TESTS}::{ORDER_TRACE}[wsgi]"),
    ),
    "a service without workers raises no alert": Mutant(
        "template/deploy/monitoring/celery_alerts.yml",
        "group by (job) (last_over_time(celery_task_latency_seconds_count[1d]))",
        "group by (job) (celery_task_latency_seconds_count)",
        here(f"{TELEMETRY_TESTS}::test_alert_fires_only_when_its_target_is_missed"),
    ),
    "the first failure of a process raises no alert": Mutant(
        "template/deploy/monitoring/celery_alerts.yml",
        'last_over_time(celery_task_duration_seconds_count{state="FAILURE"}[1d] offset 15m)',
        'last_over_time(celery_task_duration_seconds_count{state="FAILURE"}[1d])',
        here(f"{TELEMETRY_TESTS}::test_alert_fires_only_when_its_target_is_missed"),
    ),
    "an alert allows slower requests": Mutant(
        "template/deploy/monitoring/alerts.yml",
        "(http_server_request_duration_seconds_bucket[5m]))) > 0.5",
        "(http_server_request_duration_seconds_bucket[5m]))) > 0.75",
        here(f"{TELEMETRY_TESTS}::test_alert_fires_only_when_its_target_is_missed"),
    ),
    # Images, pipelines, .gitignore.
    "the proxy forwards incomplete bodies": Mutant(
        "template/docker/nginx.conf.jinja",
        "            proxy_connect_timeout 2s;\n",
        "            proxy_connect_timeout 2s;\n            proxy_request_buffering off;\n",
        here(f"{FAULTS}/test_hostile_clients.py::test_slow_clients_do_not_delay_others"),
    ),
    "the image runs as root": Mutant(
        DOCKERFILE,
        "USER 10001\n",
        "",
        here(f"{DELIVERY}::test_image_uses_the_locked_packages_and_does_not_run_as_root"),
    ),
    "the image has no static files": Mutant(
        "template/.dockerignore",
        "!static\n",
        "",
        here(f"{DELIVERY}::test_docker_build_context_has_the_needed_files_only"),
    ),
    "the image contains the tests": Mutant(
        "template/.dockerignore",
        "**/tests\n",
        "",
        here(f"{DELIVERY}::test_docker_build_context_has_the_needed_files_only"),
    ),
    "the health check calls a wrong path": Mutant(
        COMPOSE,
        "http://127.0.0.1:8000/readyz",
        "http://127.0.0.1:8000/ready",
        here(f"{DELIVERY}::test_container_health_check_calls_an_existing_path"),
    ),
    "the development server listens on every interface": Mutant(
        COMPOSE,
        '"127.0.0.1:${PORT:-8000}:8000"',
        '"${PORT:-8000}:8000"',
        here(f"{DELIVERY}::test_compose_publishes_ports_on_loopback_only"),
    ),
    "GitHub does not run the tests": Mutant(
        "template/.github/workflows/ci.yml.jinja",
        "      - run: make test\n",
        "",
        here(f"{DELIVERY}::test_pipeline_checks_tests_audits_builds_and_updates[github]"),
    ),
    "GitLab runs only some checks": Mutant(
        "template/.gitlab-ci.yml.jinja",
        "    - make check\n",
        "    - make lint\n",
        here(f"{DELIVERY}::test_pipeline_checks_tests_audits_builds_and_updates[gitlab]"),
    ),
    "the workflow of a pull request can write everything": Mutant(
        "template/.github/workflows/ci.yml.jinja",
        "  check:\n    runs-on: ubuntu-latest\n    timeout-minutes: 15\n    permissions:\n      contents: read\n",
        "  check:\n    runs-on: ubuntu-latest\n    timeout-minutes: 15\n    permissions: write-all\n",
        here(f"{SYNTAX}::test_github_accepts_the_workflows[default]"),
    ),
    "git does not ignore the .env file": Mutant(
        "template/.gitignore",
        "\n.env\n",
        "\n",
        here(f"{DELIVERY}::test_git_tracks_rendered_files_and_ignores_generated_ones"),
    ),
    # Scripts.
    "a second update cannot be pushed": Mutant(
        "template/scripts/open_update.sh.jinja",
        'git push --quiet --force-with-lease="$branch:$tip" origin "$branch"',
        'git push --quiet origin "$branch"',
        here("tests/test_open_update.py::test_newer_version_becomes_one_pull_request_on_github"),
    ),
    "the title of an update does not mention conflicts": Mutant(
        "template/scripts/open_update.sh.jinja",
        'title="$title, with conflicts"',
        'title="$title"',
        here("tests/test_open_update.py::test_conflicts_are_named_in_the_pull_request"),
    ),
    "an error counts as up to date": Mutant(
        "template/scripts/open_update.sh.jinja",
        '    exit "$status"\n',
        "    exit 0\n",
        here("tests/test_open_update.py::test_unreachable_template_is_an_error_and_nothing_is_pushed"),
    ),
    # Checks.
    "make check skips the import contracts": Mutant(
        MAKEFILE,
        "check: lint format-check types imports dependencies",
        "check: lint format-check types dependencies",
        here(f"{GUARDS}::test_every_gate_has_a_guard"),
    ),
    "production settings are not checked": Mutant(
        MAKEFILE,
        "for environment in staging production; do",
        "for environment in staging; do",
        here(f"{RULES}[deploy-check-hsts]"),
    ),
    "warnings of Django's checks pass": Mutant(
        MAKEFILE,
        "manage.py check --fail-level WARNING\n",
        "manage.py check\n",
        here(f"{RULES}[deploy-check-development]"),
    ),
    "an outdated lock file is renewed silently": Mutant(
        MAKEFILE,
        "sync --quiet $(if $(wildcard uv.lock),--locked)",
        "sync --quiet",
        here(f"{GUARDS}::test_outdated_lock_is_refused"),
    ),
    "untested code passes": Mutant(
        PYPROJECT, "fail_under = 95\n", "fail_under = 5\n", here(f"{GUARDS}::test_untested_code_is_refused")
    ),
    "a test with a warning passes": Mutant(
        PYPROJECT,
        '    "error",\n',
        "",
        here(f"{GUARDS}::test_test_that_warns_fails"),
    ),
    "security is not linted": Mutant(PYPROJECT, '    "S",    # security\n', "", here(f"{RULES}[lint-rules]")),
    "types are not strict": Mutant(
        PYPROJECT,
        "[tool.mypy]\nstrict = true\n",
        "[tool.mypy]\nstrict = false\n",
        here(f"{RULES}[types-errors]"),
    ),
    "sessions may import HTTP modules": Mutant(
        PYPROJECT,
        '    "apps.*.sessions",\n',
        "",
        here(f"{GUARDS}::test_service_that_imports_http_is_refused"),
    ),
    "selectors may call services": Mutant(
        PYPROJECT,
        '    "(selectors) : (delivery) : (email_tokens)",\n',
        '    "(delivery) : (email_tokens)",\n',
        here(f"{GUARDS}::test_module_that_imports_a_higher_layer_is_refused"),
    ),
    "an app may import the models of another app": Mutant(
        PYPROJECT,
        'forbidden_modules = ["apps.*.models"]',
        'forbidden_modules = ["apps.*.states"]',
        here(f"{GUARDS}::test_import_of_models_of_another_app_is_refused"),
    ),
    "a migration cannot be reversed": Mutant(
        f"{ORDERS}/migrations/0003_fill_item_count.py",
        "migrations.RunPython(fill_item_count, migrations.RunPython.noop, elidable=True)",
        "migrations.RunPython(fill_item_count, elidable=True)",
        suite("apps/orders/tests/test_migrations.py::test_item_count_is_filled_forwards_and_backwards"),
    ),
    "a data migration updates finished rows again": Mutant(
        f"{ORDERS}/migrations/0003_fill_item_count.py",
        ", item_count__isnull=True)",
        ")",
        suite("apps/orders/tests/test_migrations.py::test_values_of_the_new_code_are_kept"),
    ),
    "a migration blocks writes while it creates an index": Mutant(
        f"{ORDERS}/migrations/0007_order_by_status_index.py",
        "        SaferAddIndexConcurrently(",
        "        migrations.AddIndex(",
        suite("apps/orders/tests/test_migrations.py::test_later_indexes_are_created_concurrently"),
    ),
}

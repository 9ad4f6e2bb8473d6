SELECT phone_number FROM people WHERE city = ? -- {{ dag.dag_id }}

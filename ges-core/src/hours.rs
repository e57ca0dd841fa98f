//! Office hours: a weekly plan, special days and a time zone become open intervals.

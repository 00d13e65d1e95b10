"""An old site, made up: the shell script of a job called ``bill_view``, and the files that it reads."""

from __future__ import annotations

from pathlib import Path

JOB = "bill_view"
COMMON = """\
# Shared by all jobs
ConfPath={folder}/conf
LogPath={folder}/logs
dbname=mnaas
HIVE_HOST=hive.example.net
HIVE_JDBC_PORT=10000
IMPALAD_HOST=impalad.example.net
IMPALAD_JDBC_PORT=21050
CLASSPATHVAR="/jars/hive/*:/jars/commons/*"
Main_JarPath=/jars/loader.jar
MailId=billing@example.net
ccList="ops@example.net,noc@example.net"
SDP_ticket_from_email=batch@example.net
SDP_ticket_to_email=desk@example.net
export ENV_MODE=PROD
"""
OWN = """\
. {folder}/conf/Common.properties
setparameter='set -x'
bill_view_LogPath=$LogPath/bill_view.log$(date +_%F)
bill_view_ProcessStatusFileName=${{ConfPath}}/bill_view_ProcessStatusFile
Dname_bill_view=bill_view
bill_view_temp_classname=com.example.bill_view_temp
bill_view_classname=com.example.bill_view
bill_view_temp_tblname=bill_view_temp
bill_view_tblname=bill_view
bill_view_tblname_refresh="refresh $dbname.$bill_view_tblname"
bill_view_ScriptName=bill_view.sh
MNAAS_Property_filename={folder}/conf/bill_view.properties
"""
STATUS = """\
MNAAS_Daily_ProcessStatusFlag=0
MNAAS_Daily_ProcessName=bill_view
MNAAS_Script_Process_Id=
MNAAS_job_status=Success
MNAAS_email_sdp_created=No
MNAAS_job_ran_time=2016-11-21 02:14:09
"""
SCRIPT = """\
. {folder}/conf/bill_view.properties
value() {{ sed -n "s/^$1=//p" "$bill_view_ProcessStatusFileName"; }}
put() {{ sed -i "s/^$1=.*/$1=$2/" "$bill_view_ProcessStatusFileName"; }}
pid=$(value MNAAS_Script_Process_Id)
if [ -n "$pid" ] && kill -0 "$pid"; then echo "process $pid is at it"; exit 3; fi
put MNAAS_Script_Process_Id $$
put MNAAS_Daily_ProcessStatusFlag 1
put MNAAS_job_status Running
status=Failure
if {folder}/loader; then status=Success; put MNAAS_Daily_ProcessStatusFlag 0; fi
put MNAAS_job_status $status
put MNAAS_job_ran_time "$(date '+%F %T')"
put MNAAS_Script_Process_Id ""
[ $status = Success ]
"""
"""What it starts to fill its tables is a program of the test's."""


def make(folder: Path) -> Path:
    """Write the old job's files; its own properties file."""
    (folder / f"{JOB}.sh").parent.mkdir(parents=True, exist_ok=True)
    (folder / f"{JOB}.sh").write_text(SCRIPT.format(folder=folder))
    conf = folder / "conf"
    conf.mkdir(parents=True)
    (folder / "logs").mkdir()
    (conf / "Common.properties").write_text(COMMON.format(folder=folder))
    (conf / "bill_view_ProcessStatusFile").write_text(STATUS)
    own = conf / "bill_view.properties"
    own.write_text(OWN.format(folder=folder))
    return own

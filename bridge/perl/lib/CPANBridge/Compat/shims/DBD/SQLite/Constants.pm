package DBD::SQLite::Constants;

use strict;
use warnings;

use Exporter ();

our @ISA     = 'Exporter';
our $VERSION = '1.72';

# The numbers are those of sqlite3.h. Lists of words that count from their first number on.
sub _counted { my ( $prefix, $number, @words ) = @_; return map { ( "SQLITE_$prefix$_" => $number++ ) } @words }

my %result = (
    _counted( '', 0, qw(OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN
          PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB NOTICE WARNING) ),
    SQLITE_ROW  => 100,
    SQLITE_DONE => 101,
);

# An extended code is a result code and, times 256, a number counted from 1.
my %detail = (
    ERROR      => [qw(MISSING_COLLSEQ RETRY SNAPSHOT)],
    ABORT      => [ undef, 'ROLLBACK' ],
    BUSY       => [qw(RECOVERY SNAPSHOT TIMEOUT)],
    LOCKED     => [qw(SHAREDCACHE VTAB)],
    READONLY   => [qw(RECOVERY CANTLOCK ROLLBACK DBMOVED CANTINIT DIRECTORY)],
    IOERR      => [
        qw(READ SHORT_READ WRITE FSYNC DIR_FSYNC TRUNCATE FSTAT UNLOCK RDLOCK DELETE BLOCKED NOMEM ACCESS CHECKRESERVEDLOCK
          LOCK CLOSE DIR_CLOSE SHMOPEN SHMSIZE SHMLOCK SHMMAP SEEK DELETE_NOENT MMAP GETTEMPPATH CONVPATH VNODE AUTH
          BEGIN_ATOMIC COMMIT_ATOMIC ROLLBACK_ATOMIC DATA CORRUPTFS)
    ],
    CORRUPT    => [qw(VTAB SEQUENCE INDEX)],
    CANTOPEN   => [qw(NOTEMPDIR ISDIR FULLPATH CONVPATH DIRTYWAL SYMLINK)],
    CONSTRAINT => [qw(CHECK COMMITHOOK FOREIGNKEY FUNCTION NOTNULL PRIMARYKEY TRIGGER UNIQUE VTAB ROWID PINNED DATATYPE)],
    AUTH       => ['USER'],
    NOTICE     => [qw(RECOVER_WAL RECOVER_ROLLBACK)],
    WARNING    => ['AUTOINDEX'],
);
my %extended = ( SQLITE_OK_SYMLINK => 2 * 256 );
for my $name ( keys %detail ) {
    my $number = 0;
    for my $word ( @{ $detail{$name} } ) {
        $number++;
        $extended{"SQLITE_${name}_$word"} = $result{"SQLITE_$name"} | $number << 8 if defined $word;
    }
}

my %tags = (
    result_codes          => \%result,
    extended_result_codes => \%extended,
    file_open             => {
        SQLITE_OPEN_READONLY     => 0x1,
        SQLITE_OPEN_READWRITE    => 0x2,
        SQLITE_OPEN_CREATE       => 0x4,
        SQLITE_OPEN_URI          => 0x40,
        SQLITE_OPEN_MEMORY       => 0x80,
        SQLITE_OPEN_NOMUTEX      => 0x8000,
        SQLITE_OPEN_FULLMUTEX    => 0x10000,
        SQLITE_OPEN_SHAREDCACHE  => 0x20000,
        SQLITE_OPEN_PRIVATECACHE => 0x40000,
        SQLITE_OPEN_NOFOLLOW     => 0x1000000,
    },
    authorizer_action_codes => {
        _counted( '', 1, qw(CREATE_INDEX CREATE_TABLE CREATE_TEMP_INDEX CREATE_TEMP_TABLE CREATE_TEMP_TRIGGER CREATE_TEMP_VIEW
              CREATE_TRIGGER CREATE_VIEW DELETE DROP_INDEX DROP_TABLE DROP_TEMP_INDEX DROP_TEMP_TABLE DROP_TEMP_TRIGGER
              DROP_TEMP_VIEW DROP_TRIGGER DROP_VIEW INSERT PRAGMA READ SELECT TRANSACTION UPDATE ATTACH DETACH ALTER_TABLE
              REINDEX ANALYZE CREATE_VTABLE DROP_VTABLE FUNCTION SAVEPOINT RECURSIVE) ),
        SQLITE_COPY => 0,
    },
    authorizer_return_codes => { SQLITE_DENY => 1, SQLITE_IGNORE => 2 },
    datatypes               => { _counted( '', 1, qw(INTEGER FLOAT TEXT BLOB NULL) ) },
    function_flags          => {
        SQLITE_DETERMINISTIC => 0x800,
        SQLITE_DIRECTONLY    => 0x80000,
        SQLITE_SUBTYPE       => 0x100000,
        SQLITE_INNOCUOUS     => 0x200000,
        SQLITE_UTF8          => 1,
        SQLITE_UTF16LE       => 2,
        SQLITE_UTF16BE       => 3,
        SQLITE_UTF16         => 4,
        SQLITE_ANY           => 5,
    },
    run_time_limit_categories => {
        _counted( 'LIMIT_', 0, qw(LENGTH SQL_LENGTH COLUMN EXPR_DEPTH COMPOUND_SELECT VDBE_OP FUNCTION_ARG ATTACHED
              LIKE_PATTERN_LENGTH VARIABLE_NUMBER TRIGGER_DEPTH WORKER_THREADS) ),
    },
    database_connection_configuration_options => {
        _counted( 'DBCONFIG_', 1000, qw(MAINDBNAME LOOKASIDE ENABLE_FKEY ENABLE_TRIGGER ENABLE_FTS3_TOKENIZER
              ENABLE_LOAD_EXTENSION NO_CKPT_ON_CLOSE ENABLE_QPSG TRIGGER_EQP RESET_DATABASE DEFENSIVE WRITABLE_SCHEMA
              LEGACY_ALTER_TABLE DQS_DML DQS_DDL ENABLE_VIEW LEGACY_FILE_FORMAT TRUSTED_SCHEMA) ),
        SQLITE_DBCONFIG_MAX => 1017,
    },
    allowed_return_values_from_sqlite3_txn_state => { _counted( 'TXN_', 0, qw(NONE READ WRITE) ) },
    dbd_sqlite_string_mode                       => {
        DBD_SQLITE_STRING_MODE_PV               => 0,
        DBD_SQLITE_STRING_MODE_BYTES            => 1,
        DBD_SQLITE_STRING_MODE_UNICODE_NAIVE    => 4,
        DBD_SQLITE_STRING_MODE_UNICODE_FALLBACK => 5,
        DBD_SQLITE_STRING_MODE_UNICODE_STRICT   => 6,
    },
);

my %all;
our %EXPORT_TAGS;
for my $tag ( keys %tags ) {
    $EXPORT_TAGS{$tag} = [ sort keys %{ $tags{$tag} } ];
    @all{ keys %{ $tags{$tag} } } = values %{ $tags{$tag} };
}
our @EXPORT_OK = sort keys %all;
$EXPORT_TAGS{all} = \@EXPORT_OK;

# Also under their older names: DBD::SQLite::OPEN_READONLY.
for my $name (@EXPORT_OK) {
    my $value = $all{$name};
    no strict 'refs';
    *$name = sub () { $value };
    *{"DBD::SQLite::$1"} = sub () { $value }
      if $name =~ /\ASQLITE_(.+)/ && !defined &{"DBD::SQLite::$1"};
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::SQLite::Constants - SQLite's numbers by their names, served by CPANBridge

=head1 SYNOPSIS

    use DBD::SQLite::Constants qw(:file_open :result_codes);

=head1 COVERED

The tags C<result_codes>, C<extended_result_codes>, C<file_open>, C<authorizer_action_codes>, C<authorizer_return_codes>,
C<datatypes>, C<function_flags>, C<run_time_limit_categories>, C<database_connection_configuration_options>,
C<allowed_return_values_from_sqlite3_txn_state>, C<dbd_sqlite_string_mode> and C<all>.

=head1 NOT COVERED

Limits and options can be named, but not set: see L<DBD::SQLite>.

=cut

package DBI;

use 5.014;
use strict;
use warnings;

use Carp ();
use Exporter ();
use Scalar::Util ();

our $VERSION;
BEGIN { $VERSION = '1.643' }

use CPANBridge::Compat::DBI::Handle;
use CPANBridge::Compat::DBI::Report;
use CPANBridge::Compat::DBI::Values;
use CPANBridge::Compat::DBI::Driver;
use CPANBridge::Compat::DBI::Database;
use CPANBridge::Compat::DBI::Fetch;
use CPANBridge::Compat::DBI::Statement;
use CPANBridge::Compat::DBI::Types;

our @ISA = 'Exporter';

$Carp::Internal{$_}++ for qw(DBI DBI::common DBI::dr DBI::db DBI::st);

our $stderr      = 2_000_000_000;    # the number of errors that are DBI's own
our $neat_maxlen = 1000;
our $dbi_debug   = 0;
our $PurePerl    = 0;                # scripts look at it to find out what they cannot have

our ( $err, $errstr, $state, $rows, $lasth );
tie $err,    'CPANBridge::Compat::DBI::Last', 'err';
tie $errstr, 'CPANBridge::Compat::DBI::Last', 'errstr';
tie $state,  'CPANBridge::Compat::DBI::Last', 'state';
tie $rows,   'CPANBridge::Compat::DBI::Last', 'rows';
tie $lasth,  'CPANBridge::Compat::DBI::Last', 'lasth';

our %EXPORT_TAGS = %CPANBridge::Compat::DBI::Types::TAGS;
our @EXPORT      = ();
our @EXPORT_OK   = ( '%DBI', '$DBI', map { @$_ } values %EXPORT_TAGS );
our %DBI;

our ( %installed_drh, %installed_methods );

{
    no warnings 'once';
    no strict 'refs';
    *{"DBI::$_"} = \&{"CPANBridge::Compat::DBI::Types::$_"}
      for qw(DBIstcf_DISCARD_STRING DBIstcf_STRICT), map { @{ $EXPORT_TAGS{$_} } } qw(sql_types sql_cursor_types preparse_flags);
    *{"DBI::$_"} = \&{"CPANBridge::Compat::DBI::Values::$_"}
      for qw(looks_like_number neat neat_list hash data_string_desc data_string_diff data_diff sql_type_cast);
    *_concat_hash_sorted = \&CPANBridge::Compat::DBI::Values::concat_hash_sorted;
    *dump_handle = \&DBD::_::common::dump_handle;
}

# --- methods of handles ---------------------------------------------------------------------------------------------

{

    my ( $KEEP, $EXECUTES, $CHECK, $SHOWS, $ENDS, $QUIET ) = map { CPANBridge::Compat::DBI::Handle->can($_)->() }
      qw(KEEP EXECUTES REPORTS SHOWS ENDS QUIET);
    my $silent = $KEEP | $QUIET;

    # Name => [ least and most arguments with the handle (0: any number), usage, flags ]
    my %common = (
        ( map { $_ => [ undef, 0, '', $silent ] } qw(err errstr state FETCH FETCH_many STORE EXISTS DELETE FIRSTKEY NEXTKEY CLEAR) ),
        ( map { $_ => [ undef, 0, '', $silent ] } qw(trace trace_msg debug parse_trace_flag parse_trace_flags dump_handle) ),
        ( map { $_ => [ undef, 0, '', $silent ] } qw(private_data private_attribute_info visit_child_handles _not_impl) ),
        func              => [ 1, 0, '@args, $name', $KEEP ],
        set_err           => [ 3, 6, '$err, $errstr [, $state [, $method [, $value ] ] ]', $KEEP | $CHECK ],
        swap_inner_handle => [ 2, 3, '$handle', 0 ],
    );
    my %dr = (
        connect        => [ 1, 5, '[ $db [, $user [, $password [, \%attr ] ] ] ]', 0 ],
        connect_cached => [ 1, 5, '[ $db [, $user [, $password [, \%attr ] ] ] ]', 0 ],
        disconnect_all => [ 1, 1, '',                                              0 ],
        data_sources   => [ 1, 2, '[ \%attr ]',                                    0 ],
        default_user   => [ 3, 4, '$user, $password [, \%attr ]',                  0 ],
        dbixs_revision => [ undef, 0, '',                                          $silent ],
    );
    my %db = (
        ( map { $_ => [ 2, 0, '$statement [, \%attr [, @values ] ]', $EXECUTES | $SHOWS ] } 'do', map { "select$_" } qw(row_array row_arrayref row_hashref all_arrayref all_array col_arrayref) ),
        selectall_hashref => [ 3, 0, '$statement, $keys [, \%attr [, @values ] ]', $EXECUTES | $SHOWS ],
        prepare           => [ 2, 3, '$statement [, \%attr ]', $SHOWS ],
        prepare_cached    => [ 2, 4, '$statement [, \%attr [, $if_active ] ]', $SHOWS ],
        preparse          => [ 4, 4, '$statement, $wanted, $accepted', 0 ],
        begin_work        => [ 1, 2, '[ \%attr ]', 0 ],
        commit            => [ 1, 1, '', $ENDS ],
        rollback          => [ 1, 1, '', $ENDS ],
        disconnect        => [ 1, 1, '', $ENDS ],
        clone             => [ 1, 2, '[ \%attr ]', 0 ],
        connected         => [ undef, 0, '', 0 ],
        take_imp_data     => [ 1, 1, '', 0 ],
        data_sources      => [ 1, 2, '[ \%attr ]', 0 ],
        ping              => [ 1, 1, '', $KEEP ],
        quote             => [ 2, 3, '$text [, $type ]', 0 ],
        quote_identifier  => [ 2, 6, '$name [, ... ] [, \%attr ]', 0 ],
        rows              => [ undef, 0, '', $KEEP ],
        last_insert_id    => [ 1, 6, '[ $catalog [, $schema [, $table [, $field [, \%attr ] ] ] ] ]', 0 ],
        get_info          => [ 2, 2, '$type', 0 ],
        type_info_all     => [ 1, 1, '', 0 ],
        type_info         => [ 1, 2, '$type', 0 ],
        table_info        => [ 1, 6, '[ $catalog, $schema, $table, $type [, \%attr ] ]', 0 ],
        tables            => [ 1, 6, '[ $catalog, $schema, $table, $type [, \%attr ] ]', 0 ],
        column_info       => [ 5, 6, '$catalog, $schema, $table, $column [, \%attr ]', 0 ],
        primary_key_info  => [ 4, 5, '$catalog, $schema, $table [, \%attr ]', 0 ],
        primary_key       => [ 4, 5, '$catalog, $schema, $table [, \%attr ]', 0 ],
        foreign_key_info  => [ 7, 8, '$pk_catalog, $pk_schema, $pk_table, $fk_catalog, $fk_schema, $fk_table [, \%attr ]', 0 ],
        statistics_info   => [ 6, 7, '$catalog, $schema, $table, $unique_only, $quick [, \%attr ]', 0 ],
    );
    my %st = (
        bind_param        => [ 3, 4, '$number, $value [, \%attr ]',              0 ],
        bind_param_inout  => [ 4, 5, '$number, \$value, $length [, \%attr ]',    0 ],
        bind_param_array  => [ 3, 4, '$number, \@values [, \%attr ]',            0 ],
        bind_col          => [ 3, 4, '$column, \$variable [, \%attr ]',          0 ],
        bind_columns      => [ 1, 0, '\$variable [, ... ]',                      0 ],
        execute           => [ 1, 0, '[ @values ]',                              $EXECUTES ],
        execute_array     => [ 2, 0, '\%attr [, @values ]',                      $EXECUTES ],
        execute_for_fetch => [ 2, 3, '$fetch [, \@status ]',                     $EXECUTES ],
        finish            => [ 1, 1, '',                                         $KEEP ],
        cancel            => [ 1, 1, '',                                         $KEEP ],
        rows              => [ 1, 1, '',                                         $KEEP ],
        last_insert_id    => [ 1, 6, '[ $catalog [, $schema [, $table [, $field [, \%attr ] ] ] ] ]', 0 ],
        blob_read         => [ 4, 5, '$field, $offset, $length [, \$buffer ]',   0 ],
        blob_copy_to_file => [ 3, 4, '$field, $file [, $size ]',                 0 ],
        dump_results      => [ 1, 5, '[ $most, $line_end, $separator, $handle ]', 0 ],
        more_results      => [ 1, 1, '',                                         0 ],
        fetchall_arrayref => [ 1, 3, '[ $slice [, $most ] ]',                    0 ],
        fetchall_hashref  => [ 2, 2, '$keys',                                    0 ],
        fetchrow_hashref  => [ 1, 2, '[ $names ]',                               0 ],
        ( map { $_ => [ 1, 1, '', 0 ] } qw(fetch fetchrow_arrayref fetchrow_array fetchrow) ),
        ( map { $_ => [ undef, 0, '', $silent ] } qw(_get_fbav _set_fbav) ),
    );
    my $short = \%CPANBridge::Compat::DBI::Fetch::METHODS;
    my %kind = ( dr => \%dr, db => \%db, st => \%st );
    for my $kind ( keys %kind ) {
        my %methods = ( %common, %{ $kind{$kind} } );
        no strict 'refs';
        no warnings 'once';
        @{"DBI::${kind}::ISA"} = 'DBI::common';
        for my $name ( keys %methods ) {
            my $dispatcher = CPANBridge::Compat::DBI::Handle::dispatcher( $kind, $name, @{ $methods{$name} } );
            $dispatcher = $short->{$name}->($dispatcher) if $kind eq 'st' && $short->{$name};
            *{"DBI::${kind}::$name"} = $dispatcher;
        }
    }
}

sub DBI::common::can {
    my ( $handle, $name ) = @_;
    my $code = UNIVERSAL::can( $handle, $name ) or return;
    my $inner = ref $handle && Scalar::Util::reftype($handle) eq 'HASH' && tied %$handle or return $code;
    return UNIVERSAL::can( $inner, $name ) ? $code : undef;
}

sub DBI::common::DESTROY {
    my ($handle) = @_;
    return if ( ${^GLOBAL_PHASE} || '' ) eq 'DESTRUCT';
    my $inner = tied %$handle;
    CPANBridge::Compat::DBI::Handle::let_go($inner) if $inner && $inner->{CachedKids} && $inner->{_thread} == $CPANBridge::Compat::DBI::Handle::THREAD;
    return;
}

# A handle belongs to the thread that made it; a copy would end it when it goes.
sub CLONE {
    %installed_drh = ();
    $CPANBridge::Compat::DBI::Handle::LAST = [];
    undef $CPANBridge::Compat::DBI::Handle::LAST_HANDLE;
    return;
}

# --- what drivers call ----------------------------------------------------------------------------------------------

sub _new_drh {
    my ( $class, $attributes, $imp_data ) = @_;
    die "unknown _mem package: the driver's class name '$class' is too long" if length $class > 250;
    return CPANBridge::Compat::DBI::Handle::make( 'dr', undef, { Name => $class =~ /::(\w+)::/, %{ $attributes || {} } }, $imp_data, $class );
}

sub _new_dbh {
    my ( $drh, $attributes, $imp_data ) = @_;
    my $class = ( CPANBridge::Compat::DBI::Handle::inner($drh)->{ImplementorClass} =~ /(.*)::dr\z/ )[0] . '::db';
    return CPANBridge::Compat::DBI::Handle::make( 'db', $drh, $attributes, $imp_data, $class );
}

sub _new_sth {
    my ( $dbh, $attributes, $imp_data ) = @_;
    my $class = ( CPANBridge::Compat::DBI::Handle::inner($dbh)->{ImplementorClass} =~ /(.*)::db\z/ )[0] . '::st';
    return CPANBridge::Compat::DBI::Handle::make( 'st', $dbh, $attributes, $imp_data, $class );
}

sub _get_imp_data { return CPANBridge::Compat::DBI::Handle::inner( $_[0] )->{_imp_data} }

sub setup_driver {
    my ( $class, $package ) = @_;
    CPANBridge::Compat::DBI::Handle::inherit( $_, "${package}::$_" ) for qw(dr db st);
    return;
}

# The prefix of a driver's own attributes and methods, where it is not the driver's name.
my %PREFIX = (
    AnyData => 'ad', AnyData2 => 'ad2', Amazon => 'amzn', BestWins => 'best', Excel => 'xl', File => 'f', Gofer => 'go', Informix => 'ix',
    Ingres => 'ing', InterBase => 'ib', MongoDB => 'mongo', Multiplex => 'mx', Neo4p => 'neo', Oracle => 'ora', Plibdata => 'plb',
    Sybase => 'syb', Teradata => 'tdat', TreeData => 'tree', Unify => 'uni',
);

sub driver_prefix {
    my ( $class, $package ) = @_;
    return 'sql_' if $package eq 'DBI::DBD::SqlEngine';
    my ($name) = $package =~ /\ADBD::(\w+)\z/ or return;
    return ( $PREFIX{$name} || lc $name ) . '_';
}

sub dbixs_revision { return DBD::_::dr->dbixs_revision }

# --- drivers --------------------------------------------------------------------------------------------------------

sub install_driver {
    my ( $class, $name, $attributes ) = @_;
    $name = $ENV{DBI_DRIVER} || '' if !defined $name || !length $name;
    Carp::croak('usage: DBI->install_driver($driver [, \%attr ])') if !length $name || @_ > 3;
    return $installed_drh{$name} if $installed_drh{$name};
    my $package = "DBD::$name";
    ( my $file = "$package.pm" ) =~ s{::}{/}g;
    if ( !eval { local $SIG{__DIE__}; require $file; 1 } ) {
        my $why = $@;
        my $advice =
          $why =~ /Can't locate \Q$file\E in/
          ? "Perhaps the $package module is not installed, or its name is spelt in another way.\nAvailable drivers: "
          . join( ', ', available_drivers() ) . ".\n"
          : '';
        Carp::croak("install_driver($name) failed: $why$advice");
    }
    my $driver = UNIVERSAL::can( $package, 'driver' )
      or Carp::croak("install_driver($name) failed: $package has no method driver");
    $class->setup_driver($package);
    my $drh = eval { local $SIG{__DIE__}; $package->driver( $attributes || {} ) };
    Carp::croak( "install_driver($name) failed: " . ( $@ || "${package}->driver returned nothing: $DBI::errstr" ) ) if !ref $drh;
    return $installed_drh{$name} = $drh;
}

sub installed_drivers { return wantarray ? %installed_drh : keys %installed_drh }

sub available_drivers {
    my ( undef, $quiet ) = @_;
    my ( @found, %seen );
    my @places = grep { defined && !ref } @INC;
    ( my $here = __FILE__ ) =~ s{DBI\.pm\z}{};
    for my $place ( @places, $here ) {
        opendir my $folder, "$place/DBD" or next;
        for my $file ( sort readdir $folder ) {
            next if $file !~ s/\.pm\z// || $file eq 'NullP' || $seen{$file}++;
            push @found, $file;
        }
    }
    return wantarray ? sort { $a cmp $b } @found : scalar @found;
}

sub installed_versions {
    my ($class) = @_;
    my %version = ( DBI => $VERSION );
    for my $name ( available_drivers() ) {
        $version{"DBD::$name"} = eval { local $SIG{__DIE__}; local $SIG{__WARN__} = sub { }; $class->install_driver($name); "DBD::$name"->VERSION } || 'failed';
    }
    return wantarray ? sort keys %version : \%version if defined wantarray;
    print map { sprintf "  %-20s: %s\n", $_, $version{$_} } sort keys %version;
    return;
}

sub internal {
    return our $internal ||= do {
        @DBD::Switch::dr::ISA = 'DBD::_::dr';
        my $switch = DBI::_new_drh( 'DBD::Switch::dr',
            { Name => 'DBI', Version => $VERSION, Attribution => "the interface of DBI $VERSION by Tim Bunce, served by CPANBridge" } );
        $switch;
    };
}

sub data_sources {
    my ( $class, $name, @other ) = @_;
    $name = $1 if defined $name && $name =~ /\Adbi:(\w*)/i;
    return $class->install_driver($name)->data_sources(@other);
}

sub visit_handles {
    my ( $class, $visitor, $info ) = @_;
    $info = {} if !defined $info;
    for my $drh ( values %installed_drh ) {
        my $deeper = $visitor->( $drh, $info ) or next;
        $drh->visit_child_handles( $visitor, $deeper );
    }
    return $info;
}

sub disconnect_all {
    for my $drh ( values %installed_drh ) { eval { $drh->disconnect_all if $drh->can('disconnect_all') } }
    return;
}

sub trace {
    my ( $class, @given ) = @_;
    my $old = $dbi_debug;
    return $old if !@given;
    CPANBridge::Compat::DBI::Report::trace_to( $given[1] ) if @given > 1 && defined $given[1];
    if ( defined $given[0] ) { $dbi_debug = DBD::_::common->parse_trace_flags( $given[0] ) }
    CPANBridge::Compat::DBI::Report::trace_to('STDERR') if @given > 1 && !defined $given[1];
    for my $drh ( grep {defined} values %installed_drh, our $internal ) {
        my @all = CPANBridge::Compat::DBI::Handle::inner($drh);
        while ( my $inner = shift @all ) {
            CPANBridge::Compat::DBI::Handle::slow_or_not($inner);
            push @all, map { CPANBridge::Compat::DBI::Handle::inner($_) } grep {defined} @{ $inner->{ChildHandles} || [] };
        }
    }
    return $old;
}

sub trace_msg { my ( $class, @given ) = @_; return DBD::_::common::trace_msg( {}, @given ) }

sub parse_trace_flags { my ( $class, $spec ) = @_; return DBD::_::common->parse_trace_flags($spec) }

sub parse_trace_flag { my ( $class, $name ) = @_; return DBD::_::common->parse_trace_flag($name) }

# --- connecting -----------------------------------------------------------------------------------------------------

sub parse_dsn {
    my ( $class, $dsn ) = @_;
    $dsn =~ s/\A(dbi):(\w*?)(?:\((.*?)\))?://i or return;
    my ( $scheme, $driver, $text ) = ( lc $1, $2, $3 );
    $driver = $ENV{DBI_DRIVER} || '' if !length $driver;
    my $attributes = defined $text ? { split /\s*=>?\s*|\s*,\s*/, $text, -1 } : undef;
    return ( $scheme, $driver, $text, $attributes, $dsn );
}

sub connect_cached {
    my ( $class, $dsn, $user, $password, $attributes ) = @_;
    return $class->connect( $dsn, $user, $password, { %{ $attributes || {} }, dbi_connect_method => 'connect_cached' } );
}

sub connect {
    my ( $class, $dsn, $user, $password, $attributes, $old_driver ) = @_;

    # Long ago the fourth argument was the driver's name.
    ( $old_driver, $attributes ) = ( $attributes, $old_driver ) if defined $attributes && !ref $attributes && length $attributes;
    $attributes = undef if defined $attributes && !ref $attributes;
    my $method = $old_driver ? 'connect' : $attributes && $attributes->{dbi_connect_method} || 'connect';
    Carp::croak('Usage: $class->connect([$dsn [,$user [,$passwd [,\%attr]]]])')
      if defined $password && ref $password && !Scalar::Util::blessed($password) || defined $attributes && ref $attributes ne 'HASH';
    $dsn = $ENV{DBI_DSN} || $ENV{DBI_DBNAME} || '' if !defined $dsn || !length $dsn && !$old_driver;
    $dsn = "dbi:$old_driver:$dsn" if $old_driver;
    my ( undef, $driver, undef, $dsn_attributes, $name ) = parse_dsn( $class, $dsn );
    Carp::croak("Can't connect to data source '$dsn' because I can't work out what driver to use "
          . q{(it doesn't seem to contain a 'dbi:driver:' prefix and the DBI_DRIVER env var is not set)} )
      if !$driver;
    # A sponge's rows are here, and nowhere else.
    if ( $ENV{DBI_AUTOPROXY} && $driver !~ /\A(?:Proxy|Sponge|Switch)\z/ && !( $attributes && $attributes->{go_bypass} ) ) {
        my $proxy = $ENV{DBI_AUTOPROXY} =~ /\Adbi:/i ? $ENV{DBI_AUTOPROXY} : "dbi:Proxy:$ENV{DBI_AUTOPROXY}";
        ( undef, $driver, undef, undef, $name ) = parse_dsn( $class, "$proxy;dsn=dbi:$driver:$name" );
        Carp::croak("The environment's DBI_AUTOPROXY names no driver: '$proxy'") if !$driver;
    }
    my %given = ( %{ $attributes || {} }, %{ $dsn_attributes || {} } );
    delete $given{go_bypass};
    delete $given{dbi_connect_method};
    my $root = exists $given{RootClass} ? $given{RootClass} : $class eq 'DBI' ? undef : $class;
    my $drh = $class->install_driver($driver) or die 'panic: no driver handle';
    ( $user, $password ) = $drh->default_user( $user, $password, \%given );
    my %wanted = ( PrintError => 1, AutoCommit => 1, %given );
    $wanted{Username} = $user if defined $user && !exists $given{Username};
    my $closure = _connector( $class, $drh, $method, $name, $user, $password, $root );
    return $closure->( undef, \%wanted );
}

# A sub that makes such a connection again and again: connect calls it once, clone for each copy.
sub _connector {
    my ( $class, $drh, $method, $name, $user, $password, $root ) = @_;
    if ($root) {
        ( my $file = "$root.pm" ) =~ s{::}{/}g;
        require $file if !UNIVERSAL::can( "${root}::db", 'prepare' ) && !UNIVERSAL::can( $root, 'connect' );
    }
    my $connector;
    my $weak;
    $connector = $weak = sub {
        my ( $old, $wanted ) = @_;
        my %attributes = %$wanted;
        my $dbh = do {
            local CPANBridge::Compat::DBI::Handle::inner($drh)->{_imp_data_given} = $attributes{dbi_imp_data};
            $drh->$method( $name, $user, $password, \%attributes );
        };
        if ( !$dbh ) {
            my $why = defined $drh->errstr ? $drh->errstr : '(no error string)';
            $drh->{dbi_connect_failed} = 1;
            my $shown = defined $user ? "'$user'" : "''";
            my $message = "$class connect('" . ( defined $name ? $name : '' ) . "',$shown,...) failed: $why";
            $CPANBridge::Compat::DBI::Handle::LAST = CPANBridge::Compat::DBI::Handle::inner($drh)->{_e};
            if ( my $handler = $wanted->{HandleError} ) {
                my $answer;
                return $answer if $handler->( $message, $drh, $answer );
            }
            Carp::croak($message) if $wanted->{RaiseError};
            Carp::carp($message)  if $wanted->{PrintError};
            return;
        }
        my $inner = CPANBridge::Compat::DBI::Handle::inner($dbh);
        return $dbh if $inner->{dbi_connect_closure} && $method eq 'connect_cached';
        # The driver may have taken some for itself, or given them other names.
        my %set = %attributes;
        delete @set{qw(RootClass DbTypeSubclass dbi_imp_data)};
        if ($root) {
            $inner->{RootClass} = $root;
            bless $dbh, "${root}::db";
        }
        for my $first ( 'Profile', 'PrintError', 'RaiseError', 'HandleError', 'AutoCommit' ) {
            next if !exists $set{$first};
            my $value = delete $set{$first};
            $dbh->STORE( $first => $value ) if $first ne 'AutoCommit' || !$inner->{dbi_autocommit_set};
        }
        for my $attribute ( sort keys %set ) {
            eval { local $SIG{__DIE__}; $dbh->STORE( $attribute => $set{$attribute} ); 1 } or Carp::carp($@);
        }
        $dbh->STORE( dbi_connect_closure => $weak );
        $inner->{dbi_connect_attributes} = {%$wanted};
        @{ $inner->{_e} } = () if !$old;
        my @arguments = ( "dbi:" . CPANBridge::Compat::DBI::Handle::inner($drh)->{Name} . ":" . ( defined $name ? $name : '' ), $user, $password, $wanted );
        $dbh->connected(@arguments) if $root || $inner->{_slow} || UNIVERSAL::can( $inner, 'connected' ) != \&DBD::_::db::connected;
        return $dbh;
    };
    Scalar::Util::weaken($connector);
    return $weak;
}

# --- profiles -------------------------------------------------------------------------------------------------------

sub dbi_profile {
    require CPANBridge::Compat::DBI::Profiling;
    goto &CPANBridge::Compat::DBI::Profiling::dbi_profile;
}

sub dbi_profile_merge_nodes {
    require CPANBridge::Compat::DBI::Profiling;
    goto &CPANBridge::Compat::DBI::Profiling::merge;
}

sub dbi_profile_merge { goto &dbi_profile_merge_nodes }

sub dbi_time { require Time::HiRes; return Time::HiRes::time() }

# The variables, for whoever calls them as functions.
sub err    { return $err }
sub errstr { return $errstr }
sub state  { return $state }

# Under taint checks the environment must not choose a file to write to.
trace( 'DBI', split /=/, $ENV{DBI_TRACE}, 2 ) if $ENV{DBI_TRACE} && !${^TAINT};

sub END { disconnect_all(); return }

package    # not to be indexed
  CPANBridge::Compat::DBI::Last;

use strict;
use warnings;

sub TIESCALAR { my ( $class, $what ) = @_; return bless \$what, $class }

sub FETCH {
    my $what   = ${ $_[0] };
    my $errors = $CPANBridge::Compat::DBI::Handle::LAST;
    return $errors->[0]                              if $what eq 'err';
    return $errors->[1]                              if $what eq 'errstr';
    return DBD::_::common::state( { _e => $errors } ) if $what eq 'state';
    my $handle = $CPANBridge::Compat::DBI::Handle::LAST_HANDLE or return;
    return $what eq 'rows' ? $handle->rows : CPANBridge::Compat::DBI::Handle::outer($handle);
}

sub STORE {
    Carp::croak("Can't modify \$DBI::${ $_[0] }");
}

1;

__END__

=encoding utf8

=head1 NAME

DBI - databases, served by CPANBridge where the real DBI is not installed

=head1 SYNOPSIS

    use DBI;

    my $dbh = DBI->connect( 'dbi:SQLite:dbname=/srv/data/stock.db', '', '', { RaiseError => 1 } );
    my $sth = $dbh->prepare('SELECT item, amount FROM stock WHERE amount < ?');
    $sth->execute(10);
    while ( my ( $item, $amount ) = $sth->fetchrow_array ) { print "$item: $amount\n" }

    perl -MCPANBridge::Compat script.pl

=head1 DESCRIPTION

The interface of DBI 1.643 in plain Perl. The drivers L<DBD::SQLite> and L<DBD::Pg> have the daemon's module C<database> do
the work, which must be enabled there; drivers written in Perl for the real DBI run here, too.

This page says what is different. What the methods and attributes mean is told in DBI's own documentation.

=head1 COVERED

=over 4

=item Class methods and functions

C<connect>, C<connect_cached>, C<available_drivers>, C<installed_drivers>, C<installed_versions>, C<data_sources>,
C<parse_dsn>, C<trace>, C<trace_msg>, C<visit_handles>, C<install_driver>, C<internal>; C<neat>, C<neat_list>,
C<looks_like_number>, C<hash>, C<data_string_desc>, C<data_string_diff>, C<data_diff>, C<sql_type_cast>; the export tags
C<:sql_types>, C<:sql_cursor_types>, C<:utils>, C<:profile>; C<$DBI::err>, C<$DBI::errstr>, C<$DBI::state>, C<$DBI::rows>,
C<$DBI::lasth>.

=item All handles

C<err>, C<errstr>, C<state>, C<set_err>, C<func>, C<can>, C<trace>, C<parse_trace_flags>, C<private_attribute_info>,
C<swap_inner_handle>, C<visit_child_handles>. Errors are reported as C<PrintError>, C<RaiseError>, C<PrintWarn>,
C<RaiseWarn>, C<HandleError>, C<HandleSetErr> and C<ShowErrorStatement> say. C<Callbacks>, also C<ChildCallbacks>;
C<Kids>, C<ActiveKids>, C<CachedKids>, C<ChildHandles>; C<FetchHashKeyName>, C<ChopBlanks>, C<ReadOnly>, C<Executed>,
C<ErrCount>, attributes that begin with C<private_>; C<InactiveDestroy>, C<AutoInactiveDestroy>; subclasses
(C<RootClass>); profiles, see L<DBI::Profile>; C<Taint>, C<TaintIn> and C<TaintOut>.

=item Database handles

C<do>, C<prepare>, C<prepare_cached>, all C<select...> methods, C<begin_work>, C<commit>, C<rollback>, C<AutoCommit>,
C<ping>, C<clone>, C<take_imp_data> (for a later C<connect> in the same process), C<quote>, C<quote_identifier>, C<last_insert_id>, C<table_info>, C<tables>, C<column_info>,
C<primary_key_info>, C<primary_key>, C<foreign_key_info>, C<statistics_info>, C<type_info>, C<type_info_all>, C<get_info>.

=item Statement handles

C<execute>, C<execute_array>, C<execute_for_fetch>, C<bind_param>, C<bind_param_array>, C<bind_col>, C<bind_columns>, all
C<fetch...> methods, C<rows>, C<finish>, C<dump_results>; C<NAME> and its kin, C<NUM_OF_FIELDS>, C<NUM_OF_PARAMS>,
C<TYPE>, C<NULLABLE>, C<ParamValues>, C<ParamTypes>.

=item For authors of drivers

C<_new_drh>, C<_new_dbh>, C<_new_sth>, C<_set_fbav>, C<install_method>, C<driver_prefix>, and the classes C<DBD::_::dr>, C<DBD::_::db> and
C<DBD::_::st> to inherit from: what L<DBI::DBD> describes for drivers in Perl. For
drivers without an SQL engine of their own there are L<DBI::DBD::SqlEngine> and L<DBD::File>.

=back

=head1 NOT COVERED

C<bind_param_inout>; DBD::Proxy, C<DbTypeSubclass>. Tracing writes which methods are called and what they return, not more.

=head1 KNOWN DIFFERENCES

=over 4

=item The daemon

A database lives in the daemon, on this process's connection to it. When the daemon is restarted, or a call is given up
because of a time-out or a C<die> in a signal handler, what is not committed is rolled back, and each further use of the
handle is an error: C<err> is 1, C<state> is C<08S01>, and C<errstr> begins with "CPANBridge". Connect again.

=item Forks and threads

A handle belongs to the process and thread that made it. In another one its use is the same error, and its end ends
nothing in the database: C<AutoInactiveDestroy> is always in force for it. Connect anew after a fork.

=item Rows

Rows are fetched in batches: 100 with C<execute>, then more, unless C<RowCacheSize> says how many; and the next batch is read
while the program has the one before, unless SQL calls subs of the program's. What the program changes in a table while it
fetches from it may therefore be seen later than with the real DBI, or not at all, and where the database fails at a row, the
error may come some rows earlier.

=item The rate

Each C<execute> is a call, and the daemon's C<max_requests_per_minute> counts calls. C<execute_array> sends a thousand tuples in
one call.

=back

=head1 ENVIRONMENT

C<DBI_DRIVER>, C<DBI_DSN>, C<DBI_USER>, C<DBI_PASS>, C<DBI_AUTOPROXY>, C<DBI_PROFILE> and C<DBI_TRACE> as with the real DBI; the last
one not under taint checks, where the environment must not choose a file to write to. L<CPANBridge> tells the variables of the connection to the daemon.

=head1 SEE ALSO

L<DBD::SQLite>, L<DBD::Pg>, L<CPANBridge::Compat>

=cut

package CPANBridge::Compat;

# Loaded at the start of every program where it is switched on, so it must cost next to nothing: no module but these,
# and nothing is looked at until a program asks for a module that the machine does not have.
use 5.014;
use strict;
use warnings;

our $VERSION = '0.1.0';

# Where the replacements lie. Absolute, or a program that changes its directory would lose them.
my $SHIMS = __FILE__;
$SHIMS =~ s/\.pm\z/\/shims/;
if ( $SHIMS !~ m{\A/} ) { require Cwd; $SHIMS = Cwd::getcwd() . "/$SHIMS" }
( my $OURS = $SHIMS ) =~ s{[^/]+\z}{};    # and what they share

# Names that are no more than a faster twin of a core module. Ours are not faster, so code that only looks which of
# several is there must not find them; code that needs one by name gets it.
my %TWIN = map { $_ => 1 } qw(JSON::XS Cpanel::JSON::XS);

# Packages that choose between twins.
my %CHOOSER = map { $_ => 1 } qw(
  CPAN::Meta CPANBridge::JSON Data::Serializer JSON JSON::Any JSON::Create JSON::MaybeXS JSON::Parse JSON::PP
  JSON::Util Mojo::JSON Parse::CPAN::Meta Test2::Util::HashBase YAML::Any
);

# Packages that load a module because another package asks for it.
my %LOADER = map { $_ => 1 } qw(
  base Class::Load Class::Load::PP Class::MOP Module::Implementation Module::Load Module::Load::Conditional
  Module::Runtime Mojo::Loader Mojo::Util parent Test::More UNIVERSAL::require
);

my ( %allowed, %denied, %preferred, @served );
my ( $report, $owner );

# The last resort: a real module, wherever it lies, is found before it. The other one stands before all.
my $LAST  = bless { first => 0 }, __PACKAGE__;
my $FIRST = bless { first => 1 }, __PACKAGE__;

# As a string it is the directory, for programs that make @INC's entries absolute or hand them to a child perl. This is what
# the module overload does, without the millisecond that it takes to load.
{
    no strict 'refs';
    *{ __PACKAGE__ . '::(""' } = sub { $SHIMS };
    *{ __PACKAGE__ . $_ } = sub { } for '::((', '::()';
    ${ __PACKAGE__ . '::()' } = 1;
}

_take( split /[\s,]+/, $ENV{CPANBRIDGE_MODULES} ) if defined $ENV{CPANBRIDGE_MODULES};

sub import {
    my ( $class, @words ) = @_;
    _take(@words);
    @INC = ( ( %preferred ? $FIRST : () ), ( grep { !_is_hook($_) } @INC ), $LAST );
    return;
}

sub unimport { @INC = grep { !_is_hook($_) } @INC; return }

sub _is_hook { return ref $_[0] eq __PACKAGE__ }

# Takes words of the import list or the environment.
sub _take {
    my $into = \%allowed;
    for my $word (@_) {
        if    ( !length $word )        { next }
        elsif ( $word eq '-report' )   { $report = 1; $owner = $$ }
        elsif ( $word eq 'prefer' )    { $into = \%preferred }
        elsif ( $word =~ /\A-(.+)\z/ ) { $denied{$1} = 1 }
        else                           { $into->{$word} = 1 }
    }
    return;
}

# Whether a list has the name, or the name of a family that it belongs to (DBI has DBI::Const::GetInfo).
sub _among {
    my ( $list, $name ) = @_;
    while (1) {
        return 1 if $list->{$name};
        $name =~ s/::\w+\z// or return 0;
    }
}

# Called by require for a file that has not been found so far. The name must be given in full: INC alone belongs to main.
{ no warnings 'once'; *CPANBridge::Compat::INC = \&_answer }

sub _answer {
    my ( $self, $file ) = @_;
    my $path = "$SHIMS/$file";
    return if !-f $path;
    ( my $name = $file ) =~ s{/}{::}g;
    $name =~ s/\.pm\z//;
    my ( $package, $asker, $line ) = _asker();
    return if !$self->_answers_for( $name, $package, $asker );
    return if !$self->{first} && _lies_behind($file);
    open my $in, '<', $path or return;
    push @served, [ $name, $asker, $line ];
    $INC{$file} = $path;    # the name that messages and __FILE__ have, too
    return $in;
}

# The code that asks: its package, file and line.
sub _asker {
    my $level = 1;
    while ( my @frame = caller $level++ ) {
        return @frame[ 0 .. 2 ] if !$LOADER{ $frame[0] };
    }
    return ( 'main', $0, 0 );
}

sub _answers_for {
    my ( $self, $name, $package, $asker ) = @_;
    return 0 if _among( \%denied, $name );

    # What a replacement needs comes with it.
    my $ours = index( $asker, $OURS ) == 0;
    return $ours || _among( \%preferred, $name ) if $self->{first};
    return 1 if $ours || _among( \%preferred, $name );
    return 0 if %allowed && !_among( \%allowed, $name );
    return !( $TWIN{$name} && $CHOOSER{$package} );
}

# Whether a directory that was added to @INC after the hook has the real one.
sub _lies_behind {
    my ($file) = @_;
    for my $directory ( grep { !ref } @INC ) {
        return 1 if -f "$directory/$file";
    }
    return 0;
}

sub path {
    my ( $class, $name ) = @_;
    ( my $file = "$SHIMS/$name.pm" ) =~ s{::}{/}g;
    return -f $file ? $file : undef;
}

sub is_shim {
    my ( $class, $name ) = @_;
    ( my $file = "$name.pm" ) =~ s{::}{/}g;
    return defined $INC{$file} && $INC{$file} eq "$SHIMS/$file" ? 1 : 0;
}

sub served {
    my %seen;
    return grep { !$seen{$_}++ } map { $_->[0] } @served;
}

sub _report {
    my $text = @served ? '' : "CPANBridge::Compat: no module was replaced.\n";
    for my $entry (@served) {
        my ( $name, $file, $line ) = @$entry;
        my $version = eval { local $SIG{__DIE__}; $name->VERSION };
        $version = defined $version ? " $version" : '';
        $text .= "CPANBridge::Compat: $name$version is ours, for $file line $line\n" if index( $file, $OURS ) != 0;
    }
    print STDERR $text;
    return;
}

END { local ( $@, $!, $? ); _report() if $report && $owner == $$ }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat - lets programs run unchanged where their CPAN modules are missing

=head1 SYNOPSIS

    perl -MCPANBridge::Compat report.pl             # this once
    export PERL5OPT=-MCPANBridge::Compat            # from now on, child perls too
    perl -T -I/opt/cpanbridge/lib -MCPANBridge::Compat report.pl    # with taint checks Perl reads no environment

    perl -MCPANBridge::Compat=-report report.pl     # says at the end what was replaced
    CPANBRIDGE_MODULES=DBI,XML::Simple perl -MCPANBridge::Compat report.pl    # these and no others
    perl -MCPANBridge::Compat=prefer,DBI report.pl  # ours even where the real one is installed

=head1 DESCRIPTION

When a program asks for a module that the machine does not have, and we have a replacement of the same name and
interface, the program gets that one. Some replacements are plain Perl, some ask the daemon of L<CPANBridge>; each says
in its own documentation what it covers and what it does not.

A real module always wins, wherever in C<@INC> it lies, also when a C<use lib> or a C<push @INC> comes later. The
replacements lie in a directory that is in no C<@INC>, so no other program meets them by accident.

What is switched on costs a program that needs no replacement about two milliseconds at its start.

=head2 Words of the import list

They may be mixed: C<-MCPANBridge::Compat=-report,DBI,-DBD::Pg>.

=over 4

=item C<NAME>

Replaces this module and those whose names begin with it (C<DBI> stands for C<DBI::Const::GetInfoType> too), and no others
but those that are named beside it. What a replacement itself needs comes with it.

=item C<-NAME>

Never replaces this module, nor those below it.

=item C<prefer,NAME,...>

Uses ours for all names that follow, even where the real module is in C<@INC>. For trying things out. A directory that
the program itself puts before others, with C<use lib>, comes before this.

=item C<-report>

Prints to the standard error, when the program ends, which modules were replaced and who asked for them.

=back

=head2 Faster twins

L<JSON::XS|https://metacpan.org/pod/JSON::XS> and L<Cpanel::JSON::XS|https://metacpan.org/pod/Cpanel::JSON::XS> do what the core module L<JSON::PP> does, faster. Ours are not
faster. A program that names them gets them; modules that look which of several is installed (C<JSON>, C<JSON::MaybeXS>
and others) do not, and go on to C<JSON::PP>.

=head1 METHODS

=head2 import

Switches the replacements on; takes the words above.

=head2 unimport

C<no CPANBridge::Compat> switches them off from there on. What is loaded stays.

=head2 is_shim

    CPANBridge::Compat->is_shim('DBI')

Whether the module that is loaded under this name is ours.

=head2 path

    my $file = CPANBridge::Compat->path('DBI');

The file of our replacement, or undef where there is none. C<perldoc> reads its documentation:

    perldoc -F $(perl -MCPANBridge::Compat -e 'print CPANBridge::Compat->path("DBI")')

=head2 served

The names of all modules that were replaced so far.

=head2 INC

Called by Perl for a module that it has not found so far; see L<perlfunc/require>.

=head1 ENVIRONMENT

=over 4

=item C<CPANBRIDGE_MODULES>

Words as in the import list, separated by commas: C<DBI,LWP::UserAgent,-JSON::XS>.

=item C<PERL5OPT>, C<PERL5LIB>

Perl's own. C<PERL5OPT="-I/opt/cpanbridge/lib -MCPANBridge::Compat"> reaches every perl that is started, but none
with taint checks (C<#!perl -T>): those are to be given the words on their command line.

=item C<CPAN_BRIDGE_SOCKET>

Where the daemon listens, see L<CPANBridge>.

=back

=head1 WHAT IS DIFFERENT FROM AN INSTALLED MODULE

C<@INC> ends with an object, which prints as the directory of the replacements; C<local @INC = grep { !ref } @INC> switches
them off. A program that makes strings of all entries has the directory itself in C<@INC> from then on: what it needs is found
there as before, but the lists above and the report know nothing of it.

=cut
